"""The `send` and `mail` jobs: the channel carries what is to go, outside any transaction; the result is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Label, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.metrics import Metrics
from bot.worker import JobFailedError
from channels.protocol import AsksProvider, Channel
from channels.sender import deliver, in_doubt, parts_of
from crm_core import jobs, models
from crm_core.blobs import BlobStore
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Card,
    Choice,
    ConversationId,
    DeliveryReceipt,
    DeliveryState,
    InDoubtPolicy,
    MessageId,
    Outbound,
    Quote,
    Reachability,
    Tone,
)
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.deliveries import note_reachability
from crm_core.errors import Unavailable
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.jobs import ClaimedJob, Failure
from crm_core.signals import Signal, Topic, publish
from crm_core.states import Author, Direction

MOST_REFERENCES = 20
ASK_AFTER_S = 5.0  # a provider lists what it took a moment later
SENDABLE = (DeliveryState.PENDING.value, DeliveryState.SENDING.value)


@dataclass(frozen=True, slots=True)
class Sending:
    """Carries messages to the channels, by inbox key; `letters` carries mail outside conversations."""

    sessions: Sessions
    channels: Mapping[str, Channel]
    metrics: Metrics
    letters: Channel | None = None
    blobs: BlobStore | None = None

    async def send(self, job: ClaimedJob) -> None:
        """The `send` job. A crash between the call and the record leaves `sending`: the channel's policy decides."""
        row = await self._take(job)
        if row is None:
            return
        channel = self.channels.get(row["inbox_key"])
        if channel is None:
            raise JobFailedError(Failure("channel_off"))
        if row["unreachable_why"] is not None:
            receipt = DeliveryReceipt(DeliveryState.FAILED, code="unreachable")
        elif row["delivery"] == DeliveryState.SENDING and channel.capabilities.in_doubt is not InDoubtPolicy.REPEAT:
            receipt = await self._settle(channel, row)
        else:
            receipt = await deliver(channel, _outbound(row, await self._files(row["files"])))
        self.metrics.sends.labels(channel.name, receipt.state.value).inc()
        if receipt.state is DeliveryState.IN_DOUBT and job.attempts < jobs.MOST_ATTEMPTS and _can_ask(channel):
            await self._ask_later(job, receipt)
        else:
            await self._record(job, row, receipt)

    async def _settle(self, channel: Channel, row: RowMapping) -> DeliveryReceipt:
        """A send whose end nobody saw: what the provider has is sent, the rest goes out now; else a person decides."""
        receipt = DeliveryReceipt(DeliveryState.IN_DOUBT, code="crashed_while_sending")
        if not isinstance(channel, AsksProvider) or not _can_ask(channel):
            return receipt
        for part in parts_of(_outbound(row, await self._files(row["files"])), channel.capabilities):
            try:
                known = await self._unclaimed(row, await channel.sent_before(part, row["created_at"]))
            except Unavailable:
                return in_doubt(channel, "provider_not_asked")
            receipt = DeliveryReceipt(DeliveryState.SENT, known) if known else await deliver(channel, part)
            if receipt.state is not DeliveryState.SENT:
                return receipt
        return receipt

    async def _unclaimed(self, row: RowMapping, ids: list[str]) -> str | None:
        """The first of the provider's ids that is no other message of ours: people say the same thing twice."""
        message = models.Message
        taken = select(message.external_id).where(
            message.inbox_id == row["inbox_id"], message.external_id.in_(ids), message.id != row["id"]
        )
        async with self.sessions() as session:
            others = set((await session.scalars(taken)).all())
        return next((each for each in ids if each not in others), None)

    async def _ask_later(self, job: ClaimedJob, receipt: DeliveryReceipt) -> None:
        """It stays `sending`, so that the next attempt asks the provider before it says anything again."""
        async with unit_of_work(self.sessions) as session:
            await jobs.fail(session, utc_now(), job, Failure(receipt.code or "in_doubt", retry_after_s=ASK_AFTER_S))

    async def _take(self, job: ClaimedJob) -> RowMapping | None:
        """Mark the message `sending`; None (and the job done) when there is nothing to send any more."""
        async with unit_of_work(self.sessions) as session:
            row = await _sendable(session, job.payload["message_id"])
            if row is None:
                await jobs.finish(session, [job])
                return None
            await session.execute(
                update(models.Message)
                .where(models.Message.id == row["id"])
                .values(delivery=DeliveryState.SENDING.value)
            )
            return row

    async def _files(self, tokens: list[str]) -> tuple[Attachment, ...]:
        found = [(token, await self.blobs.get(token)) for token in tokens] if self.blobs is not None else []
        return tuple(replace(file, stored_as=token) for token, file in found if file is not None)

    async def _record(self, job: ClaimedJob, row: RowMapping, receipt: DeliveryReceipt) -> None:
        again = receipt.state is DeliveryState.FAILED and receipt.retryable and job.attempts < jobs.MOST_ATTEMPTS
        state = DeliveryState.PENDING if again else receipt.state
        kind = EventKind.MESSAGE_SENT if state is DeliveryState.SENT else EventKind.MESSAGE_FAILED
        async with unit_of_work(self.sessions) as session:
            now = utc_now()
            await session.execute(
                update(models.Message)
                .where(models.Message.id == row["id"], models.Message.delivery.in_(SENDABLE))
                .values(delivery=state.value, delivery_code=receipt.code,
                        sent_at=now if state is DeliveryState.SENT else None)
            )  # fmt: skip
            # a report may have come before the provider's answer did: the id is still ours to note, the state is not
            own = update(models.Message).where(models.Message.id == row["id"])
            await session.execute(own.values(external_id=receipt.external_id))
            if again:
                failure = Failure(receipt.code or "send_failed", retry_after_s=receipt.retry_after_s)
                await jobs.fail(session, now, job, failure)
                return
            detail = {"message_id": row["id"], "code": receipt.code}
            await record(session, now, [Event(kind, SYSTEM, row["conversation_id"], row["contact_id"], {**detail})])
            if receipt.is_unreachable:
                gone = Reachability(_address_of(row), is_reachable=False, reason=receipt.code or "refused")
                await note_reachability(session, now, gone)
            await jobs.finish(session, [job])
            await publish(session, Signal(Topic.CONVERSATION, row["conversation_id"]))

    async def mail(self, job: ClaimedJob) -> None:
        """The `mail` job: a letter to an address on file; repeated with the same Message-ID when in doubt."""
        if self.letters is None:
            raise JobFailedError(Failure("no_mail_server", retryable=False))
        payload = job.payload
        files = payload.get("files")
        enclosed = [str(token) for token in files] if isinstance(files, list) else []
        outbound = Outbound(
            MessageId(-job.id), ConversationId(job.conversation_id or 0), "letters",
            Address(AddressKind.MAILTO, str(payload["to"])), str(payload["text"]), str(payload["language"]),
            subject=str(payload["subject"]), attachments=await self._files(enclosed),
        )  # fmt: skip
        receipt = await deliver(self.letters, outbound)
        self.metrics.sends.labels(self.letters.name, receipt.state.value).inc()
        if receipt.state is not DeliveryState.SENT:
            raise JobFailedError(Failure(receipt.code or "mail_failed", receipt.retryable, receipt.retry_after_s))
        async with unit_of_work(self.sessions) as session:
            await jobs.finish(session, [job])
        await self._forget(enclosed)

    async def _forget(self, tokens: list[str]) -> None:
        """Files of a letter: nothing else names them."""
        for token in tokens:
            if self.blobs is not None:
                await self.blobs.delete(token)


def _can_ask(channel: Channel) -> bool:
    return channel.capabilities.in_doubt is InDoubtPolicy.ASK_PROVIDER


async def _sendable(session: AsyncSession, message_id: object) -> RowMapping | None:
    """The message, locked, with whom it goes to: the address the customer last wrote from, else their first."""
    message, conversation, address = models.Message, models.Conversation, models.Address
    oldest = aliased(address)
    first = select(func.min(oldest.id)).where(oldest.contact_id == conversation.contact_id).scalar_subquery()
    theirs = aliased(message)
    written = (
        select(func.array_agg(aggregate_order_by(theirs.external_id, theirs.id)))
        .where(theirs.conversation_id == message.conversation_id, theirs.direction == Direction.IN)
        .scalar_subquery()
    )
    files = (
        select(func.array_agg(aggregate_order_by(models.AttachmentRow.token, models.AttachmentRow.id)))
        .where(models.AttachmentRow.message_id == message.id)
        .scalar_subquery()
    )
    statement = (
        select(
            *message.__table__.columns, models.Inbox.key.label("inbox_key"), address.uri, address.unreachable_why,
            conversation.subject, conversation.contact_id, conversation.last_inbound_at,
            func.coalesce(written, []).label("written"), func.coalesce(files, []).label("files"),
            models.User.name.label("agent_name"), *_last_words(message),
        )
        .select_from(message)
        .join(models.Inbox, models.Inbox.id == message.inbox_id)
        .join(conversation, conversation.id == message.conversation_id)
        .join(address, address.id == func.coalesce(conversation.address_id, first))
        .outerjoin(models.User, models.User.id == message.agent_id)
        .where(message.id == message_id, message.delivery.in_(SENDABLE))
        .with_for_update(of=message)
    )  # fmt: skip
    return (await session.execute(statement)).mappings().one_or_none()


def _last_words(message: type[models.Message]) -> tuple[Label[str | None], Label[datetime | None]]:
    """What the customer wrote last before `message`, and when."""
    said = aliased(models.Message)
    newest = (
        (said.conversation_id == message.conversation_id) & (said.direction == Direction.IN) & (said.id < message.id)
    )
    latest = (select(part).where(newest) for part in (said.text, said.created_at))
    text, at = (one.order_by(said.id.desc()).limit(1).correlate(message) for one in latest)
    return text.scalar_subquery().label("quoted"), at.scalar_subquery().label("quoted_at")


def _outbound(row: RowMapping, files: tuple[Attachment, ...]) -> Outbound:
    content = row["content"]
    card = content.get("card")
    return Outbound(
        MessageId(row["id"]), ConversationId(row["conversation_id"]), row["inbox_key"],
        _address_of(row), row["text"], row["language"] or "en", subject=row["subject"],
        choices=tuple(Choice(choice["label"], choice["value"]) for choice in content.get("choices", ())),
        card=Card(**{**card, "tone": Tone(card["tone"]), "lines": tuple(card["lines"])}) if card else None,
        attachments=files, in_reply_to=row["written"][-1] if row["written"] else None,
        references=tuple(row["written"][-MOST_REFERENCES:]), by_person=row["author"] == Author.AGENT,
        customer_wrote_at=row["last_inbound_at"],
        agent_name=row["agent_name"].split()[0] if row["agent_name"] else None,
        quotes=Quote(row["quoted"], row["quoted_at"]) if row["quoted"] else None,
        unsubscribe=content.get("unsubscribe"),
    )  # fmt: skip


def _address_of(row: RowMapping) -> Address:
    kind, _, value = row["uri"].partition(":")
    return Address(AddressKind(kind), value)
