"""The values that come in: ids that are digits and nothing else, texts that can be stored, times with a zone."""

from datetime import datetime
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from config.words import LanguageCode
from crm_core.agent_work import MOST_CHARACTERS
from crm_core.plain_text import is_storable

MOST_ID, MOST_DIGITS = 2**63, 19  # what a bigint column can hold
MOST_ITEMS, USUAL_ITEMS = 100, 50


def _digits(value: object) -> object:
    """Of an address, where everything is text: not 1e0, not 1.0, not “ 1”."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS):
        raise ValueError("is no whole number")
    return value


def storable(value: str) -> str:
    if not is_storable(value):
        raise ValueError("holds a NUL or a broken character")
    return value


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is no IANA time zone")
    return value


def _written(value: object) -> object:
    """A time is written out: a bare number could be seconds or milliseconds."""
    if not isinstance(value, str | datetime) or (isinstance(value, str) and value.strip().lstrip("+-").isdecimal()):
        raise ValueError("is no date and time")
    return value


Digits = BeforeValidator(_digits)
PathId = Annotated[int, Digits, Path(gt=0, lt=MOST_ID)]
Cursor = Annotated[int, Digits, Query(ge=0, lt=MOST_ID, description="What the page before gave as next.")]
Limit = Annotated[int, Digits, Query(ge=1, le=MOST_ITEMS)]
QueryId = Annotated[int | None, Digits, Query(gt=0, lt=MOST_ID)]
QueryText = Annotated[str | None, Query(max_length=200), AfterValidator(lambda value: value and storable(value))]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
BodyId = Annotated[int, Field(strict=True, gt=0, lt=MOST_ID)]
Key = Annotated[str, Field(strict=True, min_length=1, max_length=80), AfterValidator(storable)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=200), AfterValidator(storable)]
Said = Annotated[str, Field(strict=True, min_length=1, max_length=MOST_CHARACTERS), AfterValidator(storable)]
Zone = Annotated[str, Field(strict=True, max_length=64), AfterValidator(_known_zone)]


class Body(BaseModel):
    """A field that is not named here is refused: nobody sets what they should not."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewContact(Body):
    """`address` with its kind: mailto:…, tel:+…, whatsapp:+…, telegram:…, web:…, fax:+…"""

    address: Annotated[str, Field(strict=True, min_length=1, max_length=210), AfterValidator(storable)]
    name: Name | None = None
    language: LanguageCode | None = None
    time_zone: Zone | None = None


class ContactChange(Body):
    """What is left out stays as it is; null empties it."""

    name: Name | None = None
    language: LanguageCode | None = None
    time_zone: Zone | None = None


class NewMessage(Body):
    """`reply` goes to the customer (scope messages:write), `note` to colleagues only (scope notes:write)."""

    kind: Annotated[str, Field(strict=True, pattern="^(reply|note)$")] = "reply"
    text: Said


class Closing(Body):
    """`disposition` is one of those in config/company.yml."""

    disposition: Key


class Passing(Body):
    """Exactly one of the two: a queue by its key, or an agent by id, who is offered it."""

    queue: Key | None = None
    agent_id: BodyId | None = None


class Snoozing(Body):
    """A time within 90 days, with its zone."""

    until: Moment
