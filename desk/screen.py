"""What one tab of a browser shows, and the fragments that bring it up to date."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from crm_core.inbox_view import InboxTab
from desk.fragments import Fragments
from desk.live import Child, ListRegion, Region
from desk.views import ConversationPage, Entry, Head, Inbox, Me, Row, ShownNeighbour

Value = TypeVar("Value")


def _of(kind: type[Value], render: Callable[[Value], str]) -> Callable[[object], str]:
    """`render` for a region, which holds values of any kind."""

    def checked(value: object) -> str:
        if not isinstance(value, kind):
            raise TypeError(f"a region of {kind.__name__} was given {type(value).__name__}")
        return render(value)

    return checked


@dataclass(slots=True)
class Screen:
    """Begins by sending everything: the page may be older than the socket."""

    fragments: Fragments
    tab: InboxTab
    conversation_id: int | None
    _list: list[Region] = field(init=False)
    _rows: ListRegion = field(init=False)
    _head: list[Region] = field(init=False)
    _timeline: ListRegion = field(init=False)
    _held: Region = field(init=False)
    _here: Region = field(init=False)

    def __post_init__(self) -> None:
        parts, tab, number = self.fragments, self.tab.value, self.conversation_id
        self._list = [
            Region("tabs", _of(Inbox, parts.tabs)),
            Region("state-place", _of(Me, parts.state)),
            Region("my-dot-place", _of(Me, parts.dot)),
        ]
        empty = Inbox(tab, (), 0, ())
        self._rows = ListRegion(f"rows-{tab}", _of(Row, parts.row), lambda: parts.no_rows(empty))
        self._head = [
            Region(f"head-{number}", _of(Head, lambda head: parts.head(head, tab))),
            Region(f"gate-{number}", _of(Head, parts.gate)),
            Region(f"handoff-{number}", _of(Head, parts.handoff)),
        ]
        self._here = Region(f"here-{number}", _of(tuple, parts.here))
        self._held = Region(f"held-{number}", _of(tuple, parts.held))
        self._timeline = ListRegion(f"timeline-{number}", _of(Entry, parts.entry))

    def update_list(self, inbox: Inbox, me: Me) -> str:
        values: tuple[object, ...] = (replace(inbox, rows=()), me, me)
        changed = "".join(region.update(value) for region, value in zip(self._list, values, strict=True))
        return changed + self._rows.update([Child(f"row-{row.id}", row) for row in inbox.rows])

    def update_conversation(self, page: ConversationPage) -> str:
        head = page.head
        bare = replace(head, handoff=None)
        gate = replace(bare, wait=None, subtitle="", name="")
        values = (bare, gate, head if head.handoff else gate)
        changed = "".join(region.update(value) for region, value in zip(self._head, values, strict=True))
        changed += self._held.update(page.held)
        return changed + self._timeline.update([Child(entry.key, entry) for entry in page.entries])

    def update_here(self, people: tuple[ShownNeighbour, ...]) -> str:
        return self._here.update(people)
