"""The `erp_return` job: the ERP is asked for the return until it has it; the customer gets its number, or a person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.dialogue.context import DialogueServices
from bot.dialogue.handoff import handoff_of
from bot.dialogue.memory import Memory
from bot.worker import JobFailedError
from crm_core import jobs, models
from crm_core.contracts import ConversationId
from crm_core.conversations import hand_off, lock_conversation
from crm_core.db import unit_of_work, utc_now
from crm_core.errors import ErpError, ErpInDoubt
from crm_core.events import BOT, Event, EventKind, record
from crm_core.jobs import ClaimedJob, Failure
from crm_core.outbox import BOT_VOICE, Utterance, Voice, post
from crm_core.states import Author, ConversationState, Visibility

NOTE = Voice(Author.SYSTEM, visibility=Visibility.INTERNAL)
WITH_THE_BOT_OR_NOBODY = (ConversationState.BOT, ConversationState.CLOSED)


@dataclass(frozen=True, slots=True)
class _Return:
    """What the turn wrote down."""

    order_id: str
    number: str
    reason: str
    key: str
    language: str


async def ask_for_return(services: DialogueServices, job: ClaimedJob) -> None:
    """Repeated with the same key, which the ERP knows again. Raises JobFailedError while another try may help."""
    wish = _Return(**{name: str(value) for name, value in job.payload.items()})
    try:
        reference = await services.erp.create_return(wish.order_id, wish.reason, key=wish.key)
    except ErpError as error:
        failure = Failure(error.code, error.retryable)
        if error.retryable and job.attempts < jobs.MOST_ATTEMPTS:
            raise JobFailedError(failure) from error
        await _give_to_a_person(services, job, wish, failure)
        return
    said = services.replies.say("return_requested", wish.language, number=wish.number, reference=reference)
    async with unit_of_work(services.sessions) as session:
        now, conversation = utc_now(), await _locked(session, job)
        await _tell(session, now, conversation, said)
        await record(session, now, [_event(EventKind.ERP_ANSWERED, conversation)])
        await jobs.finish(session, [job])


async def _give_to_a_person(services: DialogueServices, job: ClaimedJob, wish: _Return, failure: Failure) -> None:
    """With the bot it goes into a queue; in a closed conversation, where nobody would see it, the job is buried."""
    in_doubt = failure.code == ErpInDoubt.code
    reply = "return_unsure" if in_doubt else "return_failed"
    said = services.replies.say(reply, wish.language, number=wish.number)
    async with unit_of_work(services.sessions) as session:
        now, conversation = utc_now(), await _locked(session, job)
        await record(session, now, [_event(EventKind.ERP_FAILED, conversation, code=failure.code)])
        if in_doubt:
            look = services.replies.say("return_look_for_key", wish.language, reference=wish.key)
            await post(session, now, conversation, NOTE, [Utterance(look)])
        if conversation.state == ConversationState.CLOSED:
            await jobs.fail(session, now, job, Failure(failure.code, retryable=False))
            return
        await _tell(session, now, conversation, said)
        if conversation.state == ConversationState.BOT:
            memory = Memory.from_json(conversation.bot_memory)
            memory.found.append(wish.reason)
            await hand_off(session, now, conversation, handoff_of(services, memory, "return_request", conversation))
        await jobs.finish(session, [job])


def _event(kind: EventKind, conversation: models.Conversation, **detail: str) -> Event:
    return Event(kind, BOT, conversation.id, conversation.contact_id, {"action": "create_return", **detail})


async def _locked(session: AsyncSession, job: ClaimedJob) -> models.Conversation:
    return await lock_conversation(session, ConversationId(job.conversation_id or 0))


async def _tell(session: AsyncSession, now: datetime, conversation: models.Conversation, said: str) -> None:
    """The bot is silent once a person owns the conversation: then the agent reads it as a note."""
    voice = BOT_VOICE if conversation.state in WITH_THE_BOT_OR_NOBODY else NOTE
    await post(session, now, conversation, voice, [Utterance(said)])
