"""What web chat is handed: each of its doors opened on the core, in one short transaction."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.hub import Hub, VisitorKey, Waker
from bot.intake_door import LOST, TRY_AGAIN, IntakeDoor, transaction
from bot.letters import transcript_letter
from bot.presence import SeenLately
from bot.services import Services
from channels.webchat_types import (
    Accepted,
    ChatEntry,
    ChatFile,
    ChatPorts,
    ChatState,
    ChatUpdates,
    EntryAuthor,
    LeftContact,
    SurveyAnswer,
)
from crm_core import models
from crm_core.contacts import canonical_email
from crm_core.contracts import Address, ConversationId, Inbound
from crm_core.db import utc_now
from crm_core.errors import NotFound, Unavailable
from crm_core.hours import hours_of
from crm_core.intake import Received
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.leaving import is_waiting, visitor_seen
from crm_core.signals import Signal, Topic, publish
from crm_core.states import ConversationState, Direction
from crm_core.surveys import answer_survey
from crm_core.transcripts import TranscriptEntry, visitor_updates

STATES = {
    ConversationState.BOT: ChatState.BOT,
    ConversationState.QUEUED: ChatState.QUEUED,
    ConversationState.OFFERED: ChatState.QUEUED,
    ConversationState.CLOSED: ChatState.CLOSED,
}
AUTHORS = {"contact": EntryAuthor.CUSTOMER, "bot": EntryAuthor.BOT, "agent": EntryAuthor.AGENT}
TYPISTS = {"agent": EntryAuthor.AGENT, "bot": EntryAuthor.BOT}


@dataclass(frozen=True, slots=True)
class ChatDoors:
    """The functions behind ChatPorts."""

    services: Services
    hub: Hub
    door: IntakeDoor
    presence: SeenLately = field(default_factory=SeenLately)

    def ports(self) -> ChatPorts:
        return ChatPorts(
            receive=self.receive, leave_message=self.leave_message, updates=self.updates, watch=self.watch,
            mark_read=self.mark_read, typing=self.typing, answer_survey=self.answer_survey,
            request_transcript=self.request_transcript, open_now=self.open_now,
            store_file=self.services.blobs.put, load_file=self.services.blobs.get,
        )  # fmt: skip

    async def receive(self, inbox_key: str, inbound: Inbound) -> Accepted:
        return _accepted(await self.door.receive(inbox_key, inbound))

    async def leave_message(self, inbox_key: str, inbound: Inbound, left: LeftContact) -> Accepted:
        """The offline form: stored as said, and what they say of themselves becomes a note for the agent."""
        signed = f"{inbound.text}\n\n{left.name} <{left.email}>"
        return await self.receive(inbox_key, replace(inbound, text=signed, choice="talk_to_person"))

    async def updates(self, inbox_key: str, address: Address, after_id: int) -> ChatUpdates:
        inbox_id = self.services.inbox_ids[inbox_key]
        try:
            async with self.services.readers() as session:
                seen = await visitor_updates(session, inbox_id, address.uri, after_id)
        except LOST as error:
            raise Unavailable(TRY_AGAIN) from error
        if is_waiting(seen.state) and seen.conversation_id is not None:
            await self._seen(seen.conversation_id)
        state = STATES.get(ConversationState(seen.state), ChatState.AGENT) if seen.state else ChatState.BOT
        return ChatUpdates(
            tuple(_entry(entry) for entry in seen.entries), state, seen.queue_position, seen.estimated_wait_s,
            seen.agent_name, survey_due=seen.survey_due, longest_wait_s=seen.longest_wait_s,
        )  # fmt: skip

    async def _seen(self, conversation_id: int) -> None:
        """Every few seconds from everybody in line, so mostly without a transaction."""
        now = utc_now()
        if self.presence.is_news(conversation_id, now):
            async with transaction(self.services) as session:
                await visitor_seen(session, now, ConversationId(conversation_id))

    @asynccontextmanager
    async def _watched(self, inbox_key: str, address: Address) -> AsyncIterator[Waker]:
        key = VisitorKey(self.services.inbox_ids[inbox_key], address.uri)
        async with self.hub.watch_visitor(key) as waker:
            yield waker

    def watch(self, inbox_key: str, address: Address) -> AbstractAsyncContextManager[Waker]:
        return self._watched(inbox_key, address)

    async def mark_read(self, inbox_key: str, address: Address, message_id: int) -> None:
        async with transaction(self.services) as session:
            found = await self._newest(session, inbox_key, address)
            await session.execute(
                update(models.Message)
                .where(
                    models.Message.conversation_id == found.id, models.Message.id <= message_id,
                    models.Message.direction == Direction.OUT, models.Message.read_at.is_(None),
                )
                .values(read_at=utc_now(), delivery="read")
                .execution_options(synchronize_session=False)
            )  # fmt: skip
            await publish(session, Signal(Topic.CONVERSATION, found.id))

    async def typing(self, inbox_key: str, address: Address) -> None:
        async with transaction(self.services) as session:
            found = await self._newest(session, inbox_key, address)
            await publish(session, Signal(Topic.TYPING, found.id, "contact"))

    async def answer_survey(self, inbox_key: str, address: Address, answer: SurveyAnswer) -> None:
        async with transaction(self.services) as session:
            found = await self._newest(session, inbox_key, address)
            await answer_survey(session, utc_now(), ConversationId(found.id), answer.score, answer.comment or None)

    async def request_transcript(self, inbox_key: str, address: Address, email: str) -> None:
        if self.services.letters is None:
            raise NotFound("Transcripts cannot be mailed here: no mail server is set up.")
        async with transaction(self.services) as session:
            found = await self._newest(session, inbox_key, address)
            seen = await visitor_updates(session, found.inbox_id, address.uri, 0)
            payload = transcript_letter(self.services.letterhead, found, seen.entries, canonical_email(email))
            await enqueue(session, utc_now(), NewJob(JobKind.MAIL, ConversationId(found.id), payload))

    async def open_now(self) -> bool:
        return hours_of(self.services.business.hours.main).is_open(utc_now())

    async def _newest(self, session: AsyncSession, inbox_key: str, address: Address) -> models.Conversation:
        statement = (
            select(models.Conversation)
            .join(models.Address, models.Address.contact_id == models.Conversation.contact_id)
            .where(
                models.Address.uri == address.uri,
                models.Conversation.inbox_id == self.services.inbox_ids[inbox_key],
            )
            .order_by(models.Conversation.id.desc())
            .limit(1)
        )
        found = (await session.scalars(statement)).one_or_none()
        if found is None:
            raise NotFound("There is no conversation yet.")
        return found


def _accepted(received: Received) -> Accepted:
    return Accepted(received.message_id, received.conversation_id, duplicate=not received.is_new)


def _entry(entry: TranscriptEntry) -> ChatEntry:
    return ChatEntry(
        entry.id, entry.at, AUTHORS.get(entry.author, EntryAuthor.SYSTEM), entry.text, entry.choices, entry.card,
        tuple(ChatFile(file.token, file.name, file.content_type, file.size) for file in entry.attachments),
        client_id=entry.external_id if entry.direction == Direction.IN else None, agent_name=entry.agent_name,
    )  # fmt: skip
