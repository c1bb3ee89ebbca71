"""What can be edited at the desk: for each kind of entry its document, how it is shown, and how its form is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from config.sources import Document
from crm_core.contracts import JsonObject
from desk.forms import Group
from desk.reader import Reader
from desk.services import Desk


@dataclass(frozen=True, slots=True)
class Seat:
    """Who edits, at which desk."""

    desk: Desk
    reader: Reader


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in its list."""

    title: str
    detail: str = ""
    chips: tuple[str, ...] = ()


Entries = Sequence[JsonObject]
Form = Callable[[Seat, JsonObject], tuple[Group, ...]]
Read = Callable[[Seat, Mapping[str, str], JsonObject], JsonObject]  # the entry as it was, to the entry as it shall be
Find = Callable[[JsonObject], Entries]
Place = Callable[[JsonObject, Entries], JsonObject]


def no_line(_seat: Seat, _entry: JsonObject) -> Line:
    return Line("")


def no_steps(_seat: Seat, _entry: JsonObject) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """`within` takes the entries out of their document and puts them back; `steps` explains an entry in sentences.

    A kind without `blank` has one entry, its whole document.
    """

    key: str
    document: Document
    form: Form
    read: Read
    within: tuple[Find, Place]
    line: Callable[[Seat, JsonObject], Line] = no_line
    steps: Callable[[Seat, JsonObject], Sequence[str]] = no_steps
    blank: JsonObject | None = None
    is_ordered: bool = False

    @property
    def href(self) -> str:
        return f"/desk/admin/{self.key}"

    def entries(self, content: JsonObject) -> Entries:
        return self.within[0](content)

    def placed(self, content: JsonObject, entries: Entries) -> JsonObject:
        return self.within[1](content, entries)


def listed(name: str) -> tuple[Find, Place]:
    """The entries that stand in a list under `name`."""

    def entries(content: JsonObject) -> Entries:
        found = content.get(name)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def placed(content: JsonObject, wanted: Entries) -> JsonObject:
        return {**content, name: [*wanted]}

    return entries, placed


def _whole(content: JsonObject) -> Entries:
    return [content]


def _as_whole(_content: JsonObject, wanted: Entries) -> JsonObject:
    return wanted[0]


WHOLE: tuple[Find, Place] = (_whole, _as_whole)
