"""The two ways into Tryton: REST with a user application's key (8.0 and later), JSON-RPC with a log-in (before)."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from crm_core.contracts import Json
from crm_core.erp.connectors.reading import record, records
from crm_core.erp.connectors.transport import Address, ErpHttp, Request
from crm_core.errors import ErpAuth, ErpBadRequest, ErpContract


@dataclass(frozen=True, slots=True)
class Query:
    """What to read: fields may lead into related records by dots. `context` is Tryton's own."""

    model: str
    domain: Sequence[Any]
    fields: Sequence[str]
    limit: int | None = None
    order: Sequence[Any] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


class Door(Protocol):
    """Both give records with the related ones nested in them."""

    async def read(self, query: Query) -> list[dict[str, Any]]: ...

    async def create(self, model: str, values: Mapping[str, Any]) -> int: ...

    async def version(self) -> str: ...

    async def aclose(self) -> None: ...


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


async def _version(http: ErpHttp) -> str:
    told = await http.post("/rpc/", {"id": 1, "method": "common.server.version", "params": []})
    return str(told.get("result")) if isinstance(told, dict) else ""


class TrytonRest:
    """`key` belongs to an application of the kind REST that an administrator has validated."""

    def __init__(self, address: Address, database: str, key: str) -> None:
        self._http = ErpHttp(replace(address, headers={**address.headers, "Authorization": f"Bearer {key}"}))
        self._path = f"/{database}/rest/model/"

    async def read(self, query: Query) -> list[dict[str, Any]]:
        params = [("d", _encoded(query.domain)), *(("f", name) for name in query.fields)]
        params += [("s", str(query.limit))] if query.limit else []
        params += [("o", _encoded(query.order))] if query.order else []
        headers = {"X-Tryton-Context": _encoded(dict(query.context))}
        return records(await self._http.ask(Request("GET", self._path + query.model, params, headers=headers)))

    async def create(self, model: str, values: Mapping[str, Any]) -> int:
        headers = {"X-Tryton-Context": _encoded({"company": values["company"]})}
        made = await self._http.ask(
            Request("POST", self._path + model, json=dict(values), headers=headers, writes=True)
        )
        return int(record(made)["id"])

    async def version(self) -> str:
        return await _version(self._http)

    async def aclose(self) -> None:
        await self._http.aclose()


class TrytonRpc:
    """Logs in once, and again when the session has ended."""

    def __init__(self, address: Address, database: str, login: tuple[str, str]) -> None:
        self._http = ErpHttp(address)
        self._path, self._login = f"/{database}/rpc/", login
        self._session: str | None = None

    async def read(self, query: Query) -> list[dict[str, Any]]:
        params = [query.domain, 0, query.limit, query.order or None, ["id", *query.fields], dict(query.context)]
        found = await self._call(f"model.{query.model}.search_read", params)
        return [_nested(one) for one in records(found)]

    async def create(self, model: str, values: Mapping[str, Any]) -> int:
        made = await self._call(f"model.{model}.create", [[dict(values)], {"company": values["company"]}])
        if not isinstance(made, list) or not made:
            raise ErpContract("Tryton did not say what it made.")
        return int(str(made[0]))

    async def version(self) -> str:
        return await _version(self._http)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _call(self, method: str, params: list[Any]) -> Json:
        fresh = self._session is None
        try:
            return await self._asked(method, params, self._session or await self._log_in())
        except ErpAuth:
            if fresh:
                raise
            return await self._asked(method, params, await self._log_in())

    async def _log_in(self) -> str:
        name, password = self._login
        told = _result(
            await self._http.post(self._path, _message("common.db.login", [name, {"password": password}, "en"]))
        )
        if not told:
            raise ErpAuth("Tryton does not accept our log-in: see docs/erp.")
        if not isinstance(told, list) or len(told) < 2:  # noqa: PLR2004 - user and session
            raise ErpContract("Tryton's answer to our log-in is not what we know.")
        self._session = base64.b64encode(f"{name}:{told[0]}:{told[1]}".encode()).decode()
        return self._session

    async def _asked(self, method: str, params: list[Any], session: str) -> Json:
        headers = {"Authorization": f"Session {session}"}
        return _result(
            await self._http.ask(
                Request(
                    "POST",
                    self._path,
                    json=_message(method, params),
                    headers=headers,
                    writes=method.endswith(".create"),
                )
            )
        )


def _message(method: str, params: list[Any]) -> dict[str, Json]:
    return {"id": 1, "method": method, "params": params}


def _result(told: Json) -> Json:
    """JSON-RPC tells its failures with 200."""
    answer = record(told) if isinstance(told, dict) else {"result": told}
    if answer.get("error"):
        raise ErpBadRequest("Tryton refused the question: does the user see sales, shipments and invoices?")
    found: Json = answer.get("result")
    return found


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    """`party.` holds the record whose id is `party`; REST has it under the name itself."""
    found = {name: value for name, value in row.items() if not name.endswith(".")}
    for name, value in row.items():
        if name.endswith("."):
            inner = [_nested(one) for one in value] if isinstance(value, list) else _nested(value) if value else None
            found[name[:-1]] = inner
    return found
