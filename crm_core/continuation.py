"""A conversation goes on in another channel: the same customer, the same agent, everything already known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require
from crm_core.agent_work import reply
from crm_core.contracts import AddressKind, ConversationId, JsonObject, UserId
from crm_core.conversations import lock_conversation, open_conversation_of, take_over
from crm_core.errors import Conflict, NotFound
from crm_core.events import Actor, Event, EventKind, record

# which channel writes to which kind of address; a call is asked for otherwise
WRITES_TO: Mapping[str, AddressKind] = {
    "email": AddressKind.MAILTO, "sms": AddressKind.TEL, "whatsapp": AddressKind.WHATSAPP,
    "telegram": AddressKind.TELEGRAM, "fax": AddressKind.FAX,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """One inbox from which one address of the contact can be written to."""

    inbox_id: int
    address_id: int
    channel: str
    inbox_name: str
    uri: str


async def ways_on(session: AsyncSession, conversation: models.Conversation) -> list[Way]:
    """Where else this customer can be reached; not where the conversation is held already, nor where they left."""
    inbox, address = models.Inbox, models.Address
    statement = (
        select(inbox.id, address.id, inbox.channel, inbox.name, address.uri)
        .join(address, address.contact_id == conversation.contact_id)
        .where(
            inbox.active, inbox.id != conversation.inbox_id, inbox.channel.in_(WRITES_TO),
            address.unreachable_at.is_(None),
        )
        .order_by(inbox.id, address.id)
    )  # fmt: skip
    ways = [Way(*row) for row in await session.execute(statement)]
    return [way for way in ways if way.uri.startswith(f"{WRITES_TO[way.channel]}:")]


@dataclass(frozen=True, slots=True)
class Continuation:
    """What to say, and by which way: ids of inbox and address."""

    inbox_id: int
    address_id: int
    text: str


async def continue_in(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, wanted: Continuation
) -> ConversationId:
    """Say it there, in a conversation that is the agent's too; the id of that one.

    Raises NotFound for a way that is none, Conflict when a colleague talks with the customer there.
    """
    here = await lock_conversation(session, conversation_id)
    require(reach, Action.REPLY, here)
    asked = (wanted.inbox_id, wanted.address_id)
    chosen = next((way for way in await ways_on(session, here) if (way.inbox_id, way.address_id) == asked), None)
    if chosen is None:
        raise NotFound("The customer cannot be reached that way (any more).")
    there = await _conversation_there(session, now, here, chosen)
    agent_id = UserId(reach.viewer.user_id)
    if there.agent_id not in (None, agent_id):
        raise Conflict("A colleague is talking with this customer there.")
    await take_over(session, now, there, agent_id)
    detail: JsonObject = {"to_conversation_id": there.id, "channel": chosen.channel}
    actor = Actor.agent(agent_id)
    await record(session, now, [Event(EventKind.CONTINUED_ELSEWHERE, actor, here.id, here.contact_id, detail)])
    await reply(session, now, reach, ConversationId(there.id), wanted.text)
    return ConversationId(there.id)


async def _conversation_there(
    session: AsyncSession, now: datetime, here: models.Conversation, way: Way
) -> models.Conversation:
    """The open thread of this customer in that inbox, else a new one that knows all that is known here.

    Mail has a thread of its own for each matter; messengers have one.
    """
    thread_key = f"continues-{here.id}" if way.channel == "email" else ""
    found = await open_conversation_of(session, here.contact_id, way.inbox_id, thread_key)
    if found is not None:
        return await lock_conversation(session, ConversationId(found.id))
    there = models.Conversation(
        contact_id=here.contact_id, inbox_id=way.inbox_id, address_id=way.address_id, thread_key=thread_key,
        language=here.language, subject=here.subject, intent=here.intent, queue_key=here.queue_key,
        customer_ref=here.customer_ref, verified_at=here.verified_at, verified_how=here.verified_how,
        handoff=here.handoff, opened_at=now, state_at=now, last_message_at=now,
    )  # fmt: skip
    session.add(there)
    await session.flush()
    opened: JsonObject = {"continues": here.id}
    await record(
        session, now, [Event(EventKind.CONVERSATION_OPENED, Actor("system"), there.id, here.contact_id, opened)]
    )
    return await lock_conversation(session, ConversationId(there.id))
