"""A closed conversation goes on: its customer writes again, is back after giving up, or an agent opens it."""

import re
from datetime import datetime

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach
from crm_core.agent_work import allowed
from crm_core.contracts import ConversationId, Inbound, InboxId, JsonObject, UserId
from crm_core.conversations import Trigger, lock_conversation, move, open_conversation_of
from crm_core.errors import Conflict
from crm_core.events import CONTACT, Actor
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.line import WAITING, Entry, enter_line
from crm_core.sla import ClockKind
from crm_core.sla_clocks import start_clock, terms_of
from crm_core.states import ConversationState as State

_COURTESY = """
    thanks? | thank | you | so | very | much | many | a | lot | ok(?:ay)? | great | perfect | bye | goodbye | cheers
    | for | your | help | спасибо | большое | огромное | вам | тебе | за | помощь | благодарю | хорошо | отлично
    | понятно | ясно | до | свидания | ок | окей | всего | доброго | (?:muchas|muchísimas) | gracias | por | su | tu
    | la | ayuda | vale | perfecto | genial | adiós | adios | de | acuerdo
"""
_THANKS = re.compile(rf"(?:(?:{_COURTESY})\b\W*)+", re.IGNORECASE | re.VERBOSE)
_NO_WORDS = re.compile(r"[\W_]*")

# the conversation that a message from :uri goes on with
REOPENABLE = """
select newest.id from (
    select c.id, c.state, c.closed_at, c.disposition, c.agent_id is not null or c.left_at is not null as had_people,
           i.reopens_within_days
    from address a join conversation c on c.contact_id = a.contact_id join inbox i on i.id = c.inbox_id
    where a.uri = :uri and c.inbox_id = :inbox_id and c.thread_key = :thread_key
    order by c.id desc limit 1
) newest
where newest.state = 'closed' and newest.had_people and newest.disposition is distinct from 'spam'
  and newest.closed_at > :now - make_interval(days => newest.reopens_within_days)
"""
_REOPENABLE = text(REOPENABLE)


def is_only_thanks(said: str) -> bool:
    """Courtesy, or a mere sign: no reason to keep a person busy. The bot answers it."""
    return _NO_WORDS.fullmatch(said) is not None or _THANKS.fullmatch(said.strip()) is not None


def may_reopen(inbound: Inbound) -> bool:
    """An automatic message and mere thanks reopen nothing."""
    has_files = bool(inbound.attachments or inbound.remote_files)
    return not inbound.is_automatic and (has_files or not is_only_thanks(inbound.text))


async def reopen_for(session: AsyncSession, now: datetime, inbox_id: InboxId, inbound: Inbound) -> None:
    """Open the conversation that this message goes on with, if there is one: back in line, to its agent if they can.

    A repeated delivery reopens nothing.
    """
    if not may_reopen(inbound):
        return
    values = {"uri": inbound.sender.uri, "inbox_id": inbox_id, "thread_key": inbound.thread_key, "now": now}
    found = await session.scalar(_REOPENABLE, values)
    if found is None:
        return
    conversation = await lock_conversation(session, ConversationId(found))
    if conversation.state == State.CLOSED and not await _is_known(session, inbox_id, inbound.external_id):
        await _back_in_line(session, now, conversation)


async def _is_known(session: AsyncSession, inbox_id: InboxId, external_id: str) -> bool:
    message = models.Message
    known = exists().where(message.inbox_id == inbox_id, message.external_id == external_id)
    return bool(await session.scalar(select(known)))


async def _back_in_line(session: AsyncSession, now: datetime, conversation: models.Conversation) -> None:
    """Who gave up waiting is back; anybody else's matter is opened again."""
    gave_up = conversation.left_at is not None
    last = conversation.agent_id
    detail: JsonObject = {"agent_id": last, "queue": conversation.queue_key, "disposition": conversation.disposition}
    conversation.closed_at, conversation.disposition, conversation.left_at = None, None, None
    trigger = Trigger.RETURN if gave_up else Trigger.REOPEN
    await move(session, now, conversation, trigger, (CONTACT, detail))
    conversation.last_agent_id = last
    await enter_line(session, now, conversation, (Entry.RETURN if gave_up else Entry.REOPEN, CONTACT))
    await _tell(session, now, conversation, "back_in_line" if gave_up else "reopened")


async def came_back(session: AsyncSession, now: datetime, conversation: models.Conversation) -> None:
    """Who left the line, and whom we meant to answer in writing, is here again: into the live line."""
    if conversation.left_at is None or conversation.state not in WAITING:
        return
    conversation.left_at = None
    detail: JsonObject = {"queue": conversation.queue_key}
    await move(session, now, conversation, Trigger.RETURN, (CONTACT, detail))
    await enter_line(session, now, conversation, (Entry.RETURN, CONTACT))
    await _tell(session, now, conversation, "back_in_line")


async def _tell(session: AsyncSession, now: datetime, conversation: models.Conversation, key: str) -> None:
    """Where customers see their place by themselves; elsewhere the place that is told says it all."""
    if await session.scalar(select(models.Inbox.pulled).where(models.Inbox.id == conversation.inbox_id)):
        await enqueue(session, now, NewJob(JobKind.TELL, ConversationId(conversation.id), {"say": key}))


async def reopen(session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId) -> None:
    """By hand: it is the agent's at once, and was in no line. Raises Conflict when the customer began another one."""
    conversation = await allowed(session, reach, Action.REOPEN, conversation_id)
    key, contact_id, inbox_id = conversation.thread_key, conversation.contact_id, conversation.inbox_id
    if await open_conversation_of(session, contact_id, inbox_id, key) is not None:
        raise Conflict("This customer has another open conversation here; go on in that one.")
    agent = UserId(reach.viewer.user_id)
    detail: JsonObject = {
        "agent_id": conversation.agent_id, "queue": conversation.queue_key, "disposition": conversation.disposition,
    }  # fmt: skip
    conversation.closed_at, conversation.disposition, conversation.left_at = None, None, None
    await move(session, now, conversation, Trigger.REOPEN, (Actor.agent(agent), detail))
    conversation.agent_id = agent
    terms = await terms_of(session, conversation)
    taken: JsonObject = {
        "agent_id": agent, "queue": conversation.queue_key, "load": terms.load.value, "waited_s": None,
        "how": "reopened",
    }  # fmt: skip
    await move(session, now, conversation, Trigger.ACCEPT, (Actor.agent(agent), taken))
    await start_clock(session, now, conversation, ClockKind.RESOLUTION, terms)
