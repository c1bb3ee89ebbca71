"""One turn of dialogue: read briefly, think outside any transaction, write briefly."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from time import perf_counter

import structlog
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dialogue.context import Caused, Context, DialogueServices, Said, VerifiedCustomer
from bot.dialogue.handoff import callback_sentence, handoff_of, tell_handoff
from bot.dialogue.listen import listen
from bot.dialogue.memory import Memory
from bot.dialogue.schema import Flows
from bot.mail_manners import add_to_letter, is_by_letter, may_answer, one_letter, words_of, writes_letters
from bot.metrics import Metrics
from bot.routing_jobs import told_wait
from bot.senders import SENDER, known_customer
from config.settings import TurnSettings
from crm_core import conversations, models
from crm_core.answers import Answer, write_answer
from crm_core.attempts import note_attempt
from crm_core.contacts import name_contact
from crm_core.contracts import ConversationId, JsonObject, Mark
from crm_core.db import unit_of_work
from crm_core.events import BOT, CONTACT, Event, EventKind
from crm_core.jobs import ClaimedJob, JobKind, NewJob, enqueue, finish
from crm_core.optout_words import asks_to_stop
from crm_core.outbox import BOT_VOICE, Utterance, post
from crm_core.states import ConversationState
from crm_core.transcript_letters import address_of, ask_for_transcript
from nlu.engine import NluEngine, NluResult, Sentiment

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


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A message that waits for the bot. `choice` is the button pressed."""

    id: int
    text: str
    language: str | None
    choice: str | None
    marks: tuple[str, ...] = ()
    answers_us: bool = False


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


_READ = text("""
select c.id, c.contact_id, c.state, c.language, c.bot_memory, c.answered_through, c.customer_ref, c.verified_how,
       p.customer_ref as contact_ref, p.language as contact_language,
       array(select d.uri from address d
             where d.contact_id = p.id and d.verified_how = 'channel' and d.verified_at >= c.opened_at
             order by d.id) as proven,
       c.subject, c.opened_at, c.address_id, i.channel, a.uri as address_uri, a.verified_at as address_verified_at,
       case when c.state = 'bot' then (
           select json_agg(json_build_object('id', m.id, 'text', m.text, 'language', m.language,
                                             'choice', m.content ->> 'choice', 'marks', m.content -> 'marks',
                                             'answers_us', m.content ? 'in_reply_to') order by m.id)
           from (select * from message m
                 where m.conversation_id = c.id and m.direction = 'in' and m.id > c.answered_through
                   and not coalesce(m.content -> 'marks' ? 'automatic', false)
                 order by m.id limit :most) m
       ) end as messages
from conversation c join contact p on p.id = c.contact_id join inbox i on i.id = c.inbox_id
left join address a on a.id = c.address_id
where c.id = :conversation_id
""")


async def _read(services: TurnServices, conversation_id: ConversationId) -> tuple[RowMapping, list[Unanswered]]:
    async with services.dialogue.readers() as session:
        bound = {"conversation_id": conversation_id, "most": MOST_MESSAGES}
        head = (await session.execute(_READ, bound)).mappings().one()
    return head, [_unanswered(message) for message in head["messages"] or ()]


def _unanswered(stored: JsonObject) -> Unanswered:
    marks = stored["marks"]
    return Unanswered(**{**stored, "marks": tuple(marks) if isinstance(marks, list) else ()})  # type: ignore[arg-type]


async def _think(services: TurnServices, head: RowMapping, messages: list[Unanswered]) -> _Thought:
    """No transaction is open here: NLU and ERP may take their time."""
    default = services.dialogue.business.company.languages[0]
    language = head["language"] or head["contact_language"]
    customer: VerifiedCustomer | None = None
    thought = _Thought(Memory.from_json(head["bot_memory"]), language or default, 0, Caused(), [], None)
    now = services.now()
    for message in messages:
        hint = message.language if not thought.memory.turns and message.language else thought.language
        words = message.text
        if is_by_letter(head):
            words = words_of(head, words, is_first=not thought.memory.turns and message is messages[0])
        result = await _understand(services, words, hint)
        thought.language = _language(services, result, hint)
        thought.through = message.id
        thought.memory.urgent |= result.signals.urgent
        thought.memory.upset |= result.signals.sentiment is Sentiment.NEGATIVE
        thought.understood.append((message.id, result))
        thought.intent = _topic(services, result) or thought.intent
        said = Said(message.id, words, result, message.choice)
        customer = customer or await _customer_of(services, head, message)
        context = Context(
            services.dialogue, thought.memory, said, thought.language, now, head["id"], head["contact_id"],
            customer, tuple(head["proven"]), thought.caused,
        )  # fmt: skip
        _understood(context, result, services.nlu.model_id)
        if customer is not None and customer.how == SENDER and not head["customer_ref"]:
            context.verify(customer)
        await _listen(context, message)
        customer = context.customer if thought.caused.verified else None
        if thought.caused.handoff_reason or thought.caused.close:
            thought.through = messages[-1].id
            tell_handoff(context)
            break
    if is_by_letter(head):
        await _mind_manners(services, head, messages, thought)
    return thought


async def _customer_of(services: TurnServices, head: RowMapping, message: Unanswered) -> VerifiedCustomer | None:
    is_unverified = Mark.UNVERIFIED_SENDER in message.marks or Mark.DIFFERENT_SENDER in message.marks
    return await known_customer(
        services.dialogue.erp, head, is_unverified=is_unverified, answers_us=message.answers_us
    )  # fmt: skip


async def _mind_manners(
    services: TurnServices, head: RowMapping, messages: list[Unanswered], thought: _Thought
) -> None:
    """One letter, and none where one went out already: then a person decides, and nothing is lost."""
    caused = thought.caused
    async with services.dialogue.readers() as session:
        asked_us = all(message.answers_us or Mark.UNVERIFIED_SENDER not in message.marks for message in messages)
        may = await may_answer(session, services.now(), head, asked_us=asked_us)
    caused.utterances[:] = one_letter(caused.utterances) if may else []
    if not may:
        caused.letters.clear()
        caused.close = False
        caused.handoff_reason = caused.handoff_reason or "answered_lately"


def topics(flows: Flows) -> list[str]:
    """What a conversation may be about; asking for a person is no subject."""
    return [intent for intent in flows.by_intent if intent != "talk_to_person"]


def _topic(services: TurnServices, result: NluResult) -> str | None:
    return result.intent if result.intent in topics(services.dialogue.flows) else None


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


def _understood(context: Context, result: NluResult, chosen_engine: str) -> None:
    context.happened(
        EventKind.INTENT_RECOGNISED, message_id=context.said.message_id, intent=result.intent,
        confidence=round(result.confidence, 3), zone=result.zone.value, language=result.language,
        model=result.model_id,
    )  # fmt: skip
    if result.fell_back:
        context.happened(EventKind.NLU_FELL_BACK, chosen=chosen_engine, answered=result.model_id)


async def _listen(context: Context, message: Unanswered) -> None:
    """Nobody is left without an answer: a flow that breaks, or a message nobody can read, ends with a person."""
    if Mark.UNREADABLE in message.marks:
        context.caused.handoff_reason = "unreadable"
        return
    if asks_to_stop(message.text) and not context.memory.stack:  # in the middle of a wish it takes that one back
        context.say("unsubscribed")
        return
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
        if not await write_answer(session, now, _answer_of(head, thought, job)):
            return False
        await _write_rest(services, session, now, ConversationId(head["id"]), thought)
    return True


def _answer_of(head: RowMapping, thought: _Thought, job: ClaimedJob | None) -> Answer:
    replied = Event(EventKind.BOT_REPLIED, BOT, head["id"], head["contact_id"], {"through": thought.through})
    return Answer(
        ConversationId(head["id"]), head["answered_through"], thought.through, thought.language, thought.intent,
        thought.memory.as_json(), thought.caused.utterances, [*thought.caused.events, replied],
        {message_id: _as_json(result) for message_id, result in thought.understood}, job,
    )  # fmt: skip


def _as_json(result: NluResult) -> JsonObject:
    return {
        "intent": result.intent, "confidence": round(result.confidence, 3), "zone": result.zone.value,
        "entities": [{"kind": entity.kind, "value": entity.value} for entity in result.entities],
        "model": result.model_id, "urgent": result.signals.urgent, "sentiment": result.signals.sentiment.value,
    }  # fmt: skip


async def _write_rest(
    services: TurnServices, session: AsyncSession, now: datetime, conversation_id: ConversationId, thought: _Thought
) -> None:
    """What only some turns cause; the conversation's row is locked by the answer already."""
    caused = thought.caused
    for letter in caused.letters:
        await enqueue(session, now, NewJob(JobKind.MAIL, conversation_id, letter))
    for wish in caused.returns:
        await enqueue(session, now, NewJob(JobKind.ERP_RETURN, conversation_id, wish, dedupe_key=str(wish["key"])))
    for subject in caused.attempts:
        await note_attempt(session, now, "proof", subject)
    if not (caused.verified or caused.handoff_reason or caused.close or caused.transcript_to):
        return
    conversation = await conversations.lock_conversation(session, conversation_id)
    if caused.transcript_to is not None:
        address_id = await address_of(session, conversation.contact_id, caused.transcript_to)
        await ask_for_transcript(session, now, conversation, address_id, CONTACT)
    if caused.verified is not None:
        conversation.customer_ref, conversation.verified_at = caused.verified.id, now
        conversation.verified_how = caused.verified.how
        await session.flush()
        await name_contact(session, conversation.contact_id, caused.verified.name)
    if caused.handoff_reason:
        handoff = handoff_of(services.dialogue, thought.memory, caused.handoff_reason, conversation)
        await conversations.hand_off(session, now, conversation, handoff)
        await _tell_what_follows(services.dialogue, session, now, conversation)
    elif caused.close:
        await conversations.close(session, now, conversation, "bot_finished", BOT)


async def _tell_what_follows(
    dialogue: DialogueServices, session: AsyncSession, now: datetime, conversation: models.Conversation
) -> None:
    """The call that was promised; by letter also the place in the line, all in the letter that is just going out."""
    promised = callback_sentence(dialogue, conversation)
    if await writes_letters(session, conversation):
        language = conversation.language or dialogue.business.company.languages[0]
        words = promised or await told_wait(session, now, conversation, dialogue.replies, language)
        await add_to_letter(session, conversation, words)
    elif promised:
        await post(session, now, conversation, BOT_VOICE, [Utterance(promised)])


async def _finish(services: TurnServices, job: ClaimedJob | None) -> None:
    if job is not None:
        async with unit_of_work(services.dialogue.sessions) as session:
            await finish(session, [job])
