"""A conversation sent to its customer by mail: asked for here, to a proven address only; composed by a job."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach
from crm_core.agent_work import allowed
from crm_core.contracts import AddressKind, ConversationId, JsonObject
from crm_core.errors import NotFound
from crm_core.events import Actor, Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue


async def proven_mail(session: AsyncSession, contact_id: int, address_id: int | None = None) -> models.Address | None:
    """Where the customer can be written to and proved to be: the address of that id, else the last one proved."""
    address = models.Address
    statement = (
        select(address)
        .where(
            address.contact_id == contact_id, address.uri.startswith(f"{AddressKind.MAILTO}:"),
            address.verified_at.is_not(None), address.unreachable_at.is_(None),
        )
        .order_by(address.verified_at.desc(), address.id.desc())
        .limit(1)
    )  # fmt: skip
    chosen = statement if address_id is None else statement.where(address.id == address_id)
    return (await session.scalars(chosen)).one_or_none()


async def address_of(session: AsyncSession, contact_id: int, uri: str) -> int:
    """The id of one of the customer's addresses. Raises NotFound when it is not (any more)."""
    address = models.Address
    found = await session.scalar(select(address.id).where(address.contact_id == contact_id, address.uri == uri))
    if found is None:
        raise NotFound("There is no such address.")
    return found


async def send_transcript(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, address_id: int
) -> str:
    """By an agent; the address it goes to. Raises NotFound for one that is not proven, or not this customer's."""
    conversation = await allowed(session, reach, Action.SEND_TRANSCRIPT, conversation_id)
    address = await proven_mail(session, conversation.contact_id, address_id)
    if address is None:
        raise NotFound("This customer has proved no such address.")
    await ask_for_transcript(session, now, conversation, address.id, Actor.agent(reach.viewer.user_id))
    return address.uri.partition(":")[2]


async def ask_for_transcript(
    session: AsyncSession, now: datetime, conversation: models.Conversation, address_id: int, actor: Actor
) -> None:
    """A job composes it, and asks again whether the address is proven."""
    payload: JsonObject = {"address_id": address_id}
    await enqueue(session, now, NewJob(JobKind.TRANSCRIPT, ConversationId(conversation.id), payload))
    asked = Event(EventKind.TRANSCRIPT_ASKED_FOR, actor, conversation.id, conversation.contact_id, payload)
    await record(session, now, [asked])
