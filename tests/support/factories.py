"""A small contact centre for tests of the core: staff of two teams, two inboxes, customers who write."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from config.routing_files import Policy, Queue
from crm_core import models
from crm_core.access import Reach, Viewer
from crm_core.contracts import Address, AddressKind, ConversationId, Inbound, InboxId, JsonObject, UserId
from crm_core.conversations import Handoff, Trigger, accept, close, hand_off, lock_conversation, move
from crm_core.db import Sessions, unit_of_work
from crm_core.events import SYSTEM, Actor
from crm_core.intake import Received, receive
from crm_core.outbox import BOT_VOICE, Utterance, post
from crm_core.routing_rules import RoutingFiles, sync_rules
from crm_core.schema import Base
from crm_core.staff import set_agent_state
from crm_core.states import AgentState, ConversationState, Role

QUEUE_TEAMS = {"service": frozenset({"service"}), "billing": frozenset({"billing"})}
Row = TypeVar("Row", bound=Base)
STAFF: dict[str, tuple[Role, tuple[str, ...]]] = {
    "Elena Moreno": (Role.AGENT, ("service",)),
    "Pavel Orlov": (Role.AGENT, ("service",)),
    "Olga Bills": (Role.AGENT, ("billing",)),
    "Lev Lead": (Role.LEAD, ("service",)),
    "Grace Hill": (Role.SUPERVISOR, ()),
    "Ada Admin": (Role.ADMIN, ()),
}


async def add_inbox(session: AsyncSession, key: str, *, pulled: bool = True) -> InboxId:
    row = insert(models.Inbox).values(key=key, channel=key, name=key.title(), pulled=pulled)
    return InboxId((await session.scalars(row.returning(models.Inbox.id))).one())


async def add_user(session: AsyncSession, now: datetime, name: str, role: Role, teams: Sequence[str] = ()) -> UserId:
    """Somebody who never logs in: hashing a password takes long on purpose."""
    email = f"{name.split(maxsplit=1)[0].lower()}@oslo.example"
    row = insert(models.User).values(email=email, name=name, role=role.value, teams=list(teams), created_at=now)
    return UserId((await session.scalars(row.returning(models.User.id))).one())


def routing_files(**service: object) -> RoutingFiles:
    """Two queues with promises of two and five minutes in calendar time; more is said of the first."""
    queues = (
        {"key": "service", "name": {"en": "Service"}, "teams": ["service"], "sla": "soon", **service},
        {"key": "billing", "name": {"en": "Billing"}, "teams": ["billing"], "sla": "later"},
    )
    policies = (
        {"key": key, **{kind: {"chat_s": seconds, "call_s": seconds, "mail_s": seconds, "time": "calendar"}
                        for kind, seconds in promises.items()}}
        for key, promises in (
            ("soon", {"first_response": 120, "next_response": 300, "resolution": 3600}),
            ("later", {"first_response": 300}),
        )
    )  # fmt: skip
    return RoutingFiles(
        [Queue.model_validate(queue) for queue in queues], [], [Policy.model_validate(policy) for policy in policies]
    )


def visitor(name: str) -> Address:
    return Address(AddressKind.WEB, name)


@dataclass(slots=True)
class Centre:
    """Each verb is one transaction of its own, at `now` unless told otherwise."""

    sessions: Sessions
    now: datetime
    inboxes: dict[str, InboxId] = field(default_factory=dict)
    staff: dict[str, UserId] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @asynccontextmanager
    async def work(self) -> AsyncIterator[AsyncSession]:
        async with unit_of_work(self.sessions) as session:
            yield session

    async def open(self) -> "Centre":
        async with self.work() as session:
            self.inboxes = {
                "web": await add_inbox(session, "web"),
                "mail": await add_inbox(session, "mail", pulled=False),
            }
            for name, (role, teams) in STAFF.items():
                self.staff[name.split()[0].lower()] = await add_user(session, self.now, name, role, teams)
        return self

    def reach(self, name: str) -> Reach:
        full_name = next(full for full in STAFF if full.lower().startswith(name))
        role, teams = STAFF[full_name]
        return Reach(Viewer(self.staff[name], role, frozenset(teams), full_name), QUEUE_TEAMS)

    async def write(
        self, text: str = "Hello", *, who: str = "maria", inbox: str = "web", at: datetime | None = None
    ) -> Received:
        inbound = Inbound(f"m-{next(self._numbers)}", visitor(who), text)
        return await self.deliver(inbound, inbox=inbox, at=at)

    async def deliver(self, inbound: Inbound, *, inbox: str = "web", at: datetime | None = None) -> Received:
        async with self.work() as session:
            return await receive(session, at or self.now, self.inboxes[inbox], inbound)

    async def understood(self, message_id: int, intent: str, language: str = "en") -> None:
        """What the bot made of a message."""
        row = update(models.Message).where(models.Message.id == message_id)
        async with self.work() as session:
            await session.execute(row.values(nlu={"intent": intent, "confidence": 0.9}, language=language))

    async def bot_says(self, conversation_id: ConversationId, text: str, at: datetime | None = None) -> int:
        async with self.work() as session:
            conversation = await lock_conversation(session, conversation_id)
            (message_id,) = await post(session, at or self.now, conversation, BOT_VOICE, [Utterance(text)])
        return message_id

    async def waiting(self, who: str = "maria", queue: str = "service", *, inbox: str = "web") -> ConversationId:
        """Somebody wrote and the bot handed over."""
        conversation_id = (await self.write(who=who, inbox=inbox)).conversation_id
        async with self.work() as session:
            conversation = await lock_conversation(session, conversation_id)
            handoff = Handoff("asked_for_person", queue, "complaint", "en", order_number="100234")
            await hand_off(session, self.now, conversation, handoff)
        return conversation_id

    async def follow(self, files: RoutingFiles) -> None:
        """From now on these rules hold."""
        async with self.work() as session:
            await sync_rules(session, files)

    async def set_state(self, who: str, state: AgentState = AgentState.AVAILABLE) -> UserId:
        async with self.work() as session:
            await set_agent_state(session, self.now, self.staff[who], state)
        return self.staff[who]

    async def offered(self, to: str, who: str = "maria", queue: str = "service") -> ConversationId:
        conversation_id = await self.waiting(who, queue)
        async with self.work() as session:
            conversation = await lock_conversation(session, conversation_id)
            conversation.agent_id = self.staff[to]
            await move(session, self.now, conversation, Trigger.OFFER, (SYSTEM, {"agent_id": self.staff[to]}))
        return conversation_id

    async def assigned(
        self, to: str = "elena", who: str = "maria", queue: str = "service", *, inbox: str = "web"
    ) -> ConversationId:
        conversation_id = await self.waiting(who, queue, inbox=inbox)
        async with self.work() as session:
            await accept(session, self.now, conversation_id, self.staff[to])
        return conversation_id

    async def close(self, conversation_id: ConversationId, disposition: str = "resolved", by: str = "elena") -> None:
        async with self.work() as session:
            conversation = await lock_conversation(session, conversation_id)
            await close(session, self.now, conversation, disposition, Actor.agent(self.staff[by]))

    async def put_into(
        self, conversation_id: ConversationId, state: ConversationState, agent_id: int | None, queue: str | None
    ) -> None:
        """A state as it may stand in the table, whatever way led there."""
        values = {"state": state.value, "agent_id": agent_id, "queue_key": queue}
        async with self.work() as session:
            row = update(models.Conversation).where(models.Conversation.id == conversation_id)
            await session.execute(row.values(**values))

    async def put_language(self, conversation_id: ConversationId, language: str) -> None:
        async with self.work() as session:
            row = update(models.Conversation).where(models.Conversation.id == conversation_id)
            await session.execute(row.values(language=language))

    async def conversation(self, conversation_id: ConversationId) -> models.Conversation:
        async with self.sessions() as session:
            return await session.get_one(models.Conversation, conversation_id)

    async def events(self, conversation_id: int | None) -> list[tuple[str, JsonObject]]:
        """Kind and data of each, in order."""
        event = models.Event
        statement = select(event.kind, event.data).where(event.conversation_id.is_not_distinct_from(conversation_id))
        async with self.sessions() as session:
            return [(kind, happened) for kind, happened in await session.execute(statement.order_by(event.id))]

    async def rows(self, model: type[Row]) -> list[Row]:
        """Every row of a table, by its key."""
        async with self.sessions() as session:
            keys = model.__table__.primary_key
            return list((await session.scalars(select(model).order_by(*keys))).all())
