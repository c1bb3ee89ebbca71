"""One request that changes a conversation, with its form."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.contracts import ConversationId
from crm_core.errors import InvalidInput
from crm_core.outgoing_files import StoredFile
from desk.reader import Reader, require_change
from desk.services import Desk
from desk.uploads import chosen_files


class NothingChosen(InvalidInput):
    code = "nothing_chosen"


class EmptyText(InvalidInput):
    code = "empty_text"


@dataclass(frozen=True, slots=True)
class Change:
    """One request that changes a conversation, with its form."""

    reader: Reader
    fields: dict[str, str]
    conversation_id: ConversationId
    files: tuple[StoredFile, ...] = ()

    @property
    def text(self) -> str:
        """Raises EmptyText."""
        text = self.fields.get("text", "").replace("\r\n", "\n").strip()
        if not text:
            raise EmptyText("Write something first.")
        return text

    @property
    def after(self) -> int:
        """The last message the page has; 0 when it does not say."""
        return self.number("after")

    def number(self, name: str) -> int:
        """An id among the fields; 0 for what is none."""
        return number_of(self.fields, name)


Deed = Callable[[AsyncSession, Change], Awaitable[str]]  # does its work; the sentence for a toast, or nothing


def number_of(fields: Mapping[str, str], name: str) -> int:
    """An id among the fields of a form; 0 for what is none."""
    given = fields.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0  # noqa: PLR2004 - bigint


async def read_change(desk: Desk, request: Request, conversation_id: int) -> Change:
    """From our own page, with the session's token."""
    reader, fields = await require_change(desk, request)
    files = await chosen_files(desk, fields.get("files", ""))
    return Change(reader, fields, ConversationId(conversation_id), files)
