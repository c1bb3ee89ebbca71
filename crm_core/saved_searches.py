"""Searches that somebody wants again; each person's own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Viewer
from crm_core.errors import InvalidInput
from crm_core.models_oversight import SavedSearch
from crm_core.plain_text import is_storable

MOST_SAVED, MOST_NAME_CHARACTERS, MOST_QUERY_CHARACTERS = 30, 60, 1_000


class TooManySaved(InvalidInput):
    code = "too_many_saved"


@dataclass(frozen=True, slots=True)
class NamedSearch:
    id: int
    name: str
    query: str


async def saved_searches(session: AsyncSession, viewer: Viewer) -> list[NamedSearch]:
    """By name."""
    statement = select(SavedSearch.id, SavedSearch.name, SavedSearch.query).where(SavedSearch.user_id == viewer.user_id)
    return [NamedSearch(*row) for row in await session.execute(statement.order_by(func.lower(SavedSearch.name)))]


async def save_search(session: AsyncSession, now: datetime, viewer: Viewer, name: str, query: str) -> None:
    """A name that exists is overwritten. Raises InvalidInput."""
    name = name.strip()
    if not name or len(name) > MOST_NAME_CHARACTERS or len(query) > MOST_QUERY_CHARACTERS or not is_storable(name):
        raise InvalidInput(f"Give the search a name of at most {MOST_NAME_CHARACTERS} characters.")
    if len(await saved_searches(session, viewer)) >= MOST_SAVED:
        raise TooManySaved(f"There are {MOST_SAVED} saved searches already: delete one first.")
    row = insert(SavedSearch).values(user_id=viewer.user_id, name=name, query=query, created_at=now)
    changed = {"query": query, "created_at": now}
    await session.execute(row.on_conflict_do_update(index_elements=["user_id", "name"], set_=changed))


async def forget_search(session: AsyncSession, viewer: Viewer, search_id: int) -> None:
    """One's own; another's, or none, is left as it is."""
    own = (SavedSearch.id == search_id) & (SavedSearch.user_id == viewer.user_id)
    await session.execute(delete(SavedSearch).where(own))
