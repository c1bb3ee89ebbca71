"""One turn of dialogue: read briefly, think outside any transaction, write briefly."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from time import perf_counter

import structlog
from sqlalchemy import RowMapping, bindparam, column, func, select, update
from sqlalchemy import table as sql_table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dialogue.context import Caused, Context, DialogueServices, Said, VerifiedCustomer
from bot.dialogue.handoff import handoff_of, tell_handoff
from bot.dialogue.listen import listen
from bot.dialogue.memory import Memory
from bot.metrics import Metrics
from config.settings import TurnSettings
from crm_core import conversations, models
from crm_core.attempts import note_attempt
from crm_core.contacts import name_contact
from crm_core.contracts import ConversationId, JsonObject
from crm_core.db import unit_of_work
from crm_core.events import BOT, Event, EventKind, record
from crm_core.jobs import ClaimedJob, JobKind, NewJob, enqueue, finish
from crm_core.outbox import BOT_VOICE, post
from crm_core.states import ConversationState, Direction
from nlu.engine import NluEngine, NluResult

log = structlog.get_logger(__name__)

MOST_ROUNDS = 5
MOST_MESSAGES = 20


class TurnOutcome(StrEnum):
    ANSWERED = "answered"
    NOTHING_TO_SAY = "nothing_to_say"
    PERSON_OWNS = "person_owns"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class TurnServices:
    """What a turn needs; one a process."""

    dialogue: DialogueServices
    nlu: NluEngine
    settings: TurnSettings
    metrics: Metrics
    now: Callable[[], datetime]


@dataclass(slots=True)
class _Thought:
    """What the bot made of the unanswered messages."""

    memory: Memory
    language: str
    through: int
    caused: Caused
    understood: list[tuple[int, NluResult]]
    intent: str | None


async def run_turn(services: TurnServices, conversation_id: ConversationId, job: ClaimedJob | None) -> TurnOutcome:
    """Answer everything unanswered, in order. Late and repeated calls do no harm.

    The job is finished in the transaction that writes the answer. Raises what the database raises.
    """
    started = perf_counter()
    outcome = TurnOutcome.OVERTAKEN
    for _ in range(MOST_ROUNDS):
        head, messages = await _read(services, conversation_id)
        if head["state"] != ConversationState.BOT or not messages:
            await _finish(services, job)
            silent = head["state"] != ConversationState.BOT
            outcome = TurnOutcome.PERSON_OWNS if silent else TurnOutcome.NOTHING_TO_SAY
            break
        thought = await _think(services, head, messages)
        if await _write(services, head, thought, job):
            outcome = TurnOutcome.ANSWERED
            break
    services.metrics.turn_seconds.labels(outcome.value).observe(perf_counter() - started)
    return outcome


_HEAD = (
    select(
        models.Conversation.id, models.Conversation.contact_id, models.Conversation.state,
        models.Conversation.language, models.Conversation.bot_memory, models.Conversation.answered_through,
        models.Conversation.customer_ref, models.Conversation.verified_how, models.Conversation.queue_key,
        models.Contact.customer_ref.label("contact_ref"), models.Contact.language.label("contact_language"),
        select(func.array_agg(models.Address.uri))
        .where(models.Address.contact_id == models.Conversation.contact_id, models.Address.verified_at.is_not(None))
        .scalar_subquery()
        .label("proven"),
    )
    .join(models.Contact, models.Contact.id == models.Conversation.contact_id)
    .where(models.Conversation.id == bindparam("conversation_id"))
)  # fmt: skip
_UNANSWERED = (
    select(models.Message.id, models.Message.text, models.Message.content, models.Message.language)
    .where(
        models.Message.conversation_id == bindparam("conversation_id"),
        models.Message.direction == Direction.IN.value,
        models.Message.id > bindparam("through"),
    )
    .order_by(models.Message.id)
    .limit(MOST_MESSAGES)
)


async def _read(services: TurnServices, conversation_id: ConversationId) -> tuple[RowMapping, list[RowMapping]]:
    async with services.dialogue.sessions() as session:
        head = (await session.execute(_HEAD, {"conversation_id": conversation_id})).mappings().one()
        if head["state"] != ConversationState.BOT:
            return head, []
        bound = {"conversation_id": conversation_id, "through": head["answered_through"]}
        return head, list((await session.execute(_UNANSWERED, bound)).mappings())


async def _think(services: TurnServices, head: RowMapping, messages: list[RowMapping]) -> _Thought:
    """No transaction is open here: NLU and ERP may take their time."""
    default = services.dialogue.business.company.languages[0]
    language = head["language"] or head["contact_language"]
    customer_ref = head["customer_ref"] or head["contact_ref"]
    customer = VerifiedCustomer(customer_ref, head["verified_how"] or "channel") if customer_ref else None
    thought = _Thought(Memory.from_json(head["bot_memory"]), language or default, 0, Caused(), [], None)
    now = services.now()
    for row in messages:
        hint = row["language"] if not thought.memory.turns and row["language"] else thought.language
        result = await _understand(services, row["text"], hint)
        thought.language = _language(services, result, hint)
        thought.through = row["id"]
        thought.understood.append((row["id"], result))
        thought.intent = _topic(services, result) or thought.intent
        said = Said(row["id"], row["text"], result, row["content"].get("choice"))
        context = Context(
            services.dialogue, thought.memory, said, thought.language, now, head["id"], head["contact_id"],
            customer, head["proven"] or (), thought.caused,
        )  # fmt: skip
        _understood(context, result, services.nlu.model_id)
        await _listen(context)
        customer = context.customer
        if thought.caused.handoff_reason or thought.caused.close:
            thought.through = messages[-1]["id"]
            tell_handoff(context)
            break
    return thought


def _topic(services: TurnServices, result: NluResult) -> str | None:
    flow = services.dialogue.flows.by_intent.get(result.intent)
    return result.intent if flow is not None and result.intent != "talk_to_person" else None


async def _understand(services: TurnServices, text: str, hint: str) -> NluResult:
    started = perf_counter()
    languages = services.dialogue.business.company.languages
    async with asyncio.timeout(services.settings.nlu_timeout_s):
        result = await asyncio.to_thread(services.nlu.parse, text, languages=languages, hint=hint)
    services.metrics.nlu_seconds.labels(result.language).observe(perf_counter() - started)
    return result


def _language(services: TurnServices, result: NluResult, current: str) -> str:
    """What the customer asks for, else what they write in."""
    wished = result.entity("language") if result.intent == "change_language" else None
    chosen = wished.value if wished else result.language
    return chosen if chosen in services.dialogue.business.company.languages else current


def _understood(context: Context, result: NluResult, model_id: str) -> None:
    context.happened(
        EventKind.INTENT_RECOGNISED, message_id=context.said.message_id, intent=result.intent,
        confidence=round(result.confidence, 3), zone=result.zone.value, language=result.language, model=model_id,
    )  # fmt: skip


async def _listen(context: Context) -> None:
    """Nobody is left without an answer: a flow that breaks ends with a person."""
    try:
        await listen(context)
    except Exception as error:
        log.exception("dialogue.failed", conversation_id=context.conversation_id, error=type(error).__name__)
        context.caused.utterances.clear()
        context.memory.stack.clear()
        context.caused.handoff_reason = "bot_failed"


async def _write(services: TurnServices, head: RowMapping, thought: _Thought, job: ClaimedJob | None) -> bool:
    """False, and nothing written, when another turn or a person was quicker."""
    async with unit_of_work(services.dialogue.sessions) as session:
        now = services.now()
        conversation = await conversations.lock_conversation(session, ConversationId(head["id"]))
        untouched = conversation.answered_through == head["answered_through"]
        if conversation.state != ConversationState.BOT or not untouched:
            return False
        _remember(conversation, thought, now)
        await session.flush()
        if thought.caused.verified is not None:
            await name_contact(session, conversation.contact_id, thought.caused.verified.name)
        ids = await post(session, now, conversation, BOT_VOICE, thought.caused.utterances)
        await _note_understanding(session, thought)
        replied: JsonObject = {"message_ids": [*ids], "through": thought.through}
        events = [*thought.caused.events, Event(EventKind.BOT_REPLIED, BOT, head["id"], head["contact_id"], replied)]
        await record(session, now, events)
        for letter in thought.caused.letters:
            await enqueue(session, now, NewJob(JobKind.MAIL, ConversationId(head["id"]), letter))
        for subject in thought.caused.attempts:
            await note_attempt(session, now, "proof", subject)
        if thought.caused.handoff_reason:
            handoff = handoff_of(services.dialogue, thought.memory, thought.caused.handoff_reason, conversation)
            await conversations.hand_off(session, now, conversation, handoff)
        elif thought.caused.close:
            await conversations.close(session, now, conversation, "bot_finished", BOT)
        await finish(session, [job] if job else [])
    return True


def _remember(conversation: models.Conversation, thought: _Thought, now: datetime) -> None:
    conversation.bot_memory = thought.memory.as_json()
    conversation.answered_through = thought.through
    conversation.language = thought.language
    conversation.intent = thought.intent or conversation.intent
    verified = thought.caused.verified
    if verified is not None:
        conversation.customer_ref, conversation.verified_how, conversation.verified_at = verified.id, verified.how, now


async def _note_understanding(session: AsyncSession, thought: _Thought) -> None:
    table = sql_table("message", column("id"), column("nlu", JSONB))
    statement = update(table).where(table.c.id == bindparam("message_id")).values(nlu=bindparam("found"))
    rows = [
        {
            "message_id": message_id,
            "found": {
                "intent": result.intent, "confidence": round(result.confidence, 3), "zone": result.zone.value,
                "entities": [{"kind": entity.kind, "value": entity.value} for entity in result.entities],
                "model": result.model_id,
            },
        }
        for message_id, result in thought.understood
    ]  # fmt: skip
    await (await session.connection()).execute(statement, rows)


async def _finish(services: TurnServices, job: ClaimedJob | None) -> None:
    if job is not None:
        async with unit_of_work(services.dialogue.sessions) as session:
            await finish(session, [job])
