"""Parts of the page rendered for one reader: for the first load, for answers, and for the socket alike."""

import json
from dataclasses import dataclass

from desk.live import partial
from desk.reader import Reader
from desk.sections import rail_links
from desk.services import Desk
from desk.views import ConversationPage, Entry, Head, Inbox, Me, Row, ShownHeld, ShownNeighbour


@dataclass(frozen=True, slots=True)
class Fragments:
    """Every method gives HTML."""

    desk: Desk
    reader: Reader

    def _render(self, part: str, **context: object) -> str:
        return self.desk.pages.render(f"parts/{part}.html", self.reader.words, **context)

    def page(self, inbox: Inbox, me: Me, conversation: ConversationPage | None) -> str:
        words = self.reader.words
        texts = words.section("clock") | words.section("live")
        return self.desk.pages.render(
            "desk.html", words, inbox=inbox, me=me, conversation=conversation, tab=inbox.tab,
            head=conversation.head if conversation else None, csrf=self.reader.csrf_token,
            links=rail_links(self.reader.viewer.role), zone=self.reader.clock.zone.key,
            script_texts=json.dumps(texts, ensure_ascii=False),
        )  # fmt: skip

    def list_pane(self, inbox: Inbox, me: Me) -> str:
        return self._render("list", inbox=inbox, me=me)

    def tabs(self, inbox: Inbox) -> str:
        return self._render("tabs", inbox=inbox)

    def row(self, row: Row) -> str:
        return self._render("row", row=row)

    def no_rows(self, inbox: Inbox) -> str:
        return self._render("rows", inbox=inbox)

    def state(self, me: Me) -> str:
        return self._render("state", me=me)

    def dot(self, me: Me) -> str:
        return self._render("my_dot", me=me)

    def work(self, conversation: ConversationPage, tab: str) -> str:
        title = f"<title>{self._render('title', head=conversation.head)}</title>"
        return title + self._render("work", conversation=conversation, head=conversation.head, tab=tab)

    def nothing(self) -> str:
        return self._render("nothing")

    def head(self, head: Head, tab: str) -> str:
        return self._render("head", head=head, tab=tab)

    def handoff(self, head: Head) -> str:
        return self._render("handoff", head=head)

    def gate(self, head: Head) -> str:
        return self._render("gate", head=head)

    def held(self, held: tuple[ShownHeld, ...]) -> str:
        return self._render("held", held=held)

    def entry(self, entry: Entry) -> str:
        return self._render("entry", entry=entry)

    def here(self, people: tuple[ShownNeighbour, ...]) -> str:
        return self._render("here", people=people)

    def typing(self, who: str) -> str:
        return self._render("typing", who=who)

    def toast(self, sentence: str, tone: str) -> str:
        return self._render("toast", sentence=sentence, tone=tone)

    def appended(self, conversation_id: int | str, entries: tuple[Entry, ...]) -> str:
        """Entries for the end of the timeline; the page drops what it has already."""
        html = "".join(self.entry(entry) for entry in entries)
        return partial(f"timeline-{conversation_id}", "beforeend", html) if html else ""
