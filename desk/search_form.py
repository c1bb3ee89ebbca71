"""The form of the transcript search: what its address means, and how it is filled in again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from crm_core.contracts import UserId
from crm_core.errors import InvalidInput
from crm_core.plain_text import storable
from crm_core.search import TranscriptQuery
from crm_core.states import ConversationState
from desk.change import number_of
from desk.people import intent_name
from desk.reader import Reader
from desk.services import Desk
from desk.views import Option
from desk.words import queue_names

SELECTS = ("channel", "queue", "agent", "intent", "language", "state", "rating", "confidence")
FIELDS = ("q", *SELECTS, "since", "until")
LOW_RATING = 2
UNSURE_PERCENT = ("50", "70", "90")
EARLIEST, LATEST = date(2000, 1, 1), date(9000, 1, 1)  # what any zone's midnight can be taken of


class UnreadableDate(InvalidInput):
    code = "unreadable_date"


@dataclass(frozen=True, slots=True)
class Select:
    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class SearchForm:
    """As it stands on the page; `query` is its address."""

    words: str
    since: str
    until: str
    selects: tuple[Select, ...]
    narrowed: int
    query: str


def given_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """The fields of ours that say something."""
    values = {name: storable(parameters.get(name, "")).strip() for name in FIELDS}
    return {name: value for name, value in values.items() if value}


def address_of(given: Mapping[str, str], before: int | None = None) -> str:
    return urlencode({**given, **({"before": before} if before is not None else {})})


def query_of(given: Mapping[str, str], zone: ZoneInfo) -> TranscriptQuery:
    """Raises UnreadableDate."""
    until = midnight(given.get("until"), zone, days=1)
    percent = given.get("confidence")
    return TranscriptQuery(
        given.get("q", ""), given.get("language"), given.get("channel"), given.get("queue"),
        number_of(given, "agent") if "agent" in given else None, given.get("intent"), given.get("state"),
        midnight(given.get("since"), zone), until, LOW_RATING if "rating" in given else None,
        int(percent) / 100 if percent in UNSURE_PERCENT else None,
    )  # fmt: skip


def midnight(day: str | None, zone: ZoneInfo, days: int = 0) -> datetime | None:
    if day is None:
        return None
    try:
        found = date.fromisoformat(day)
    except ValueError as error:
        raise UnreadableDate("Write the date like 2026-11-23.") from error
    if not EARLIEST < found < LATEST:
        raise UnreadableDate("Write the date like 2026-11-23.")
    return datetime.combine(found + timedelta(days=days), time(), zone)


def search_form(desk: Desk, reader: Reader, given: Mapping[str, str], agents: Mapping[UserId, str]) -> SearchForm:
    choices = dict(_choices(desk, reader, agents))
    selects = tuple(
        Select(name, tuple(Option(key, text, given.get(name) == key) for key, text in choices[name].items()))
        for name in SELECTS
    )
    return SearchForm(
        given.get("q", ""), given.get("since", ""), given.get("until", ""), selects, len(given.keys() - {"q"}),
        address_of(given),
    )  # fmt: skip


def _choices(
    desk: Desk, reader: Reader, agents: Mapping[UserId, str]
) -> Iterator[tuple[str, dict[str, str]]]:  # fmt: skip
    words, business = reader.words, desk.services.business
    intents = {key: intent_name(key, words) for key in desk.services.intents()}
    yield "channel", {key: str(text) for key, text in words.section("channels").items()}
    yield "queue", queue_names(business.queues.queues, words.language)
    yield "agent", {str(user_id): name for user_id, name in agents.items()}
    yield "intent", dict(sorted(intents.items(), key=lambda item: item[1].casefold()))
    yield "language", {key: str(text) for key, text in words.section("languages").items()}
    yield "state", {state.value: words(f"states.{state}") for state in ConversationState}
    yield "rating", {"low": words("search.low_rating")}
    yield "confidence", {percent: words("search.below", percent=percent) for percent in UNSURE_PERCENT}
