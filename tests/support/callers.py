"""The eight kinds of caller, and a conversation whose customer is a canary."""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

import httpx
from fastapi import FastAPI
from sqlalchemy import insert, select

from bot.secret import derived_key
from bot.services import Services
from channels.webchat_identity import Visitor, VisitorTokens
from crm_core import models
from crm_core.contracts import Address, AddressKind, Attachment, UserId
from crm_core.conversations import Handoff, accept, lock_conversation
from crm_core.db import unit_of_work, utc_now
from crm_core.staff import open_session
from crm_core.states import Role
from desk.guard import FORM_COOKIE
from tests.support.assembled import BASE
from tests.support.desk_client import hidden_field
from tests.support.desk_seed import Person, Seeder

CANARY = "Kanarinia Vogel-7315"
SAID = "canary seven three one five"
_STRANGER = ("198.51.100.7", 5000)


class Caller(StrEnum):
    """`DISABLED` holds the cookie of a session that was never ended."""

    ANONYMOUS = "anonymous"
    VISITOR_A = "visitor_a"
    VISITOR_B = "visitor_b"
    AGENT_A = "agent_a"
    AGENT_B = "agent_b"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    DISABLED = "disabled"


STRANGERS = (Caller.ANONYMOUS, Caller.VISITOR_A, Caller.VISITOR_B, Caller.DISABLED)
MAY_CHANGE = (Caller.AGENT_A, Caller.SUPERVISOR, Caller.ADMIN)
_STAFF = {
    Caller.AGENT_A: (Role.AGENT, ("service",)),
    Caller.AGENT_B: (Role.AGENT, ("nowhere",)),
    Caller.SUPERVISOR: (Role.SUPERVISOR, ()),
    Caller.ADMIN: (Role.ADMIN, ()),
    Caller.DISABLED: (Role.ADMIN, ("service",)),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """One conversation of team A with everything a route may name; visitor A's, unless it was made for one request."""

    conversation: int
    contact: int
    message: int
    file: str


@dataclass
class Household:
    """The application, its people, and the first conversation."""

    services: Services
    app: FastAPI
    staff: dict[Caller, UserId] = field(default_factory=dict)
    visitors: dict[Caller, Visitor] = field(default_factory=dict)
    first: Planted = field(init=False)
    form: tuple[str, str] = ("", "")
    _kept: dict[Caller, dict[str, str]] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def settle(self) -> None:
        tokens = self._tokens
        self.visitors = {who: tokens.new_visitor("web", None) for who in (Caller.VISITOR_A, Caller.VISITOR_B)}
        async with unit_of_work(self.services.sessions) as session:
            for caller, (role, teams) in _STAFF.items():
                row = insert(models.User).values(
                    email=f"{caller}@desk.test", name=f"Staff {caller}", role=role.value, teams=list(teams),
                    created_at=utc_now(),
                )  # fmt: skip
                self.staff[caller] = UserId(int(await session.scalar(row.returning(models.User.id)) or 0))
        self.first = await self.plant(self.visitors[Caller.VISITOR_A].id)
        async with self.client() as http:
            page = await http.get("/desk/login")
            self.form = (http.cookies[FORM_COOKIE], hidden_field(page.text, "form_token"))

    @property
    def _tokens(self) -> VisitorTokens:
        return VisitorTokens(derived_key(self.services.key, "visitor"))

    def next_number(self) -> int:
        return next(self._numbers)

    async def plant(self, visitor: str = "") -> Planted:
        """Owned by the agent of team A, in a queue of team A, with a letter and a file."""
        number = self.next_number()
        person = Person(CANARY, Address(AddressKind.WEB, visitor or f"planted-{number}"), "web", "en", "C-1001")
        file = Attachment("invoice.pdf", "application/pdf", b"%PDF-1.7")
        token = await self.services.blobs.put(file)
        stored = Attachment(file.name, file.content_type, file.content, stored_as=token)
        async with unit_of_work(self.services.sessions) as session:
            seeder = Seeder(session, utc_now(), dict(self.services.inbox_ids), number * 10)
            opened = await seeder.says(person, SAID, 5, extra={"html": f"<p>{SAID}</p>"}, attachments=(stored,))
            await seeder.hands_off(opened, Handoff("asked_for_person", "service", "complaint", "en"), 4)
            await accept(session, utc_now(), opened, self.staff[Caller.AGENT_A])
            conversation = await lock_conversation(session, opened)
            said = models.Message.conversation_id == opened, models.Message.text == SAID
            message = await session.scalar(select(models.Message.id).where(*said))
            return Planted(opened, conversation.contact_id, int(message or 0), token)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=_STRANGER), base_url=BASE)

    async def credentials(self, caller: Caller, *, is_spent: bool = True) -> dict[str, str]:
        """The headers that prove who asks: a session for staff (its own, where it may be spent), a visitor's token."""
        if is_spent:
            return await self._credentials(caller)
        if caller not in self._kept:
            self._kept[caller] = await self._credentials(caller)
        return self._kept[caller]

    async def _credentials(self, caller: Caller) -> dict[str, str]:
        if caller in self.visitors:
            return {"Authorization": f"Bearer {self._tokens.issue(self.visitors[caller])}"}
        if caller not in self.staff:
            return {}
        async with unit_of_work(self.services.sessions) as session:
            user = await session.get_one(models.User, self.staff[caller])
            user.disabled_at = None
            await session.flush()
            opened = await open_session(session, utc_now(), user, "")
            user.disabled_at = utc_now() if caller is Caller.DISABLED else None
        return {"Cookie": f"switchboard={opened.token}", "X-CSRF-Token": opened.csrf_token}
