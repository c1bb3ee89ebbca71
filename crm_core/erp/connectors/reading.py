"""Reading other people's JSON: what is missing is None, what is of another kind is an ErpContract."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_core.contracts import Json
from crm_core.errors import ErpContract

Record = Mapping[str, Any]


def records(found: Json) -> list[dict[str, Any]]:
    """A list of objects, or ErpContract."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ErpContract("The ERP's answer is not the list we asked for.")
    return found  # type: ignore[return-value]


def record(found: Json) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ErpContract("The ERP's answer is not the object we asked for.")
    return found


@contextmanager
def told_as_contract() -> Iterator[None]:
    """Around the reading of an answer: a field that is missing or of another kind is the ERP's doing."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        # the name of a missing field is ours; the words of any other error may be the customer's
        what = f": {error}" if isinstance(error, KeyError) else ""
        raise ErpContract(f"The ERP's answer lacks something we need ({type(error).__name__}{what})"[:200]) from error


def decimal(value: object) -> Decimal:
    """0 for nothing and for false, as several ERPs write it. Raises ErpContract for what is no number."""
    try:
        number = Decimal(str(value or 0))
    except InvalidOperation as error:
        raise ErpContract("The ERP sent something that is no number.") from error
    if not number.is_finite():
        raise ErpContract("The ERP sent something that is no number.")
    return number


def day(value: object) -> date | None:
    """The day of `2026-11-23…`; the year 1 stands for none in 1C and Business Central."""
    if not isinstance(value, str) or len(value) < 10:  # noqa: PLR2004 - yyyy-mm-dd
        return None
    try:
        found = date.fromisoformat(value[:10])
    except ValueError:
        return None
    return found if found.year > 1 else None


def odata_day(value: object) -> date | None:
    """Version 2 writes `/Date(1763856000000)/`, version 4 `2026-11-23`."""
    if not isinstance(value, str) or not value.startswith("/Date("):
        return day(value)
    digits = value[len("/Date(") :].split("+")[0].rstrip(")/")
    try:
        return datetime.fromtimestamp(int(digits) / 1000, tz=UTC).date()
    except (ValueError, OverflowError, OSError):
        return None


def text(value: object) -> str | None:
    """None for nothing, for false and for blanks."""
    found = str(value).strip() if value not in (None, False) else ""
    return found or None


def unique(rows: Iterable[Record], key: str) -> list[Record]:
    """One row a key, the first, in order: child filters repeat their parent."""
    found: dict[object, Record] = {}
    for row in rows:
        found.setdefault(row[key], row)
    return list(found.values())
