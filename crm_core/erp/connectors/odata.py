"""Questions in OData, version 2 and 4: literals that cannot break out, and answers as lists of records."""

from typing import Any

from crm_core.contracts import Json
from crm_core.erp.connectors.reading import record, records, told_as_contract
from crm_core.erp.connectors.transport import ErpHttp

MOST_IN_ONE = 20  # alternatives in one filter: the address of a question has an end


def literal(value: str) -> str:
    """A string literal: quotes are doubled, which is all there is to escape."""
    return "'" + value.replace("'", "''") + "'"


def one_of(name: str, values: list[str]) -> str:
    """`(name eq 'a' or name eq 'b')`, of the first twenty."""
    return "(" + " or ".join(f"{name} eq {literal(value)}" for value in values[:MOST_IN_ONE]) + ")"


async def asked(http: ErpHttp, path: str, **options: str | int) -> list[dict[str, Any]]:
    """The records of a set. `options` are `filter`, `select`, `expand`, `orderby`, `top`."""
    params = [("$format", "json"), *((f"${name}", str(value)) for name, value in options.items())]
    return listed(await http.get(path, *params))


def listed(told: Json) -> list[dict[str, Any]]:
    """`{"d": {"results": […]}}` of version 2 and `{"value": […]}` of version 4."""
    with told_as_contract():
        content = record(told)
        if "value" in content:
            return records(content["value"])
        inner = content["d"]
        return records(inner["results"] if isinstance(inner, dict) and "results" in inner else inner)
