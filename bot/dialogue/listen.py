"""What a message means for the conversation: an answer, a new wish, a correction, or none that we know."""

from bot.dialogue.context import Context
from bot.dialogue.engine import ask_again, go_back, go_on, is_waiting, start_flow, walk
from bot.dialogue.filling import PROOFS
from crm_core.contracts import Choice
from crm_core.events import EventKind
from crm_core.outbox import Utterance
from nlu.engine import Zone

MISSES_UNTIL_PERSON = 3
CLARIFY_WITH = 3
SURE_ENOUGH = 0.5
ANSWERS = frozenset({"inform", "affirm", "deny"})
COURTESIES = frozenset({"greeting", "thanks", "positive_feedback", "bot_challenge", "small_talk", "abusive", "help"})
KEPT_ENTITIES = ("order_number", "invoice_number", "email", "phone", "digits4", "date", "person")


async def listen(context: Context) -> None:
    """Deal with one message. Always says something, hands off, or closes."""
    memory = context.memory
    memory.turns += 1
    intent = _wish(context)
    if intent == "talk_to_person":
        await start_flow(context, "talk_to_person")
        return
    if _changed_order(context):
        await _correct(context)
    elif intent in COMMANDS and not _answers_question(context, intent):
        await COMMANDS[intent](context)
    elif is_waiting(context):
        await _answer_or_digress(context, intent)
    else:
        await _new_wish(context, intent)
    _keep_misses(context)


def _wish(context: Context) -> str:
    """The intent; a pressed button says it for sure."""
    choice = context.said.choice
    if choice is not None and (choice in context.services.flows.by_intent or choice in COMMANDS):
        return choice
    return context.said.nlu.intent


def _keep_misses(context: Context) -> None:
    if context.caused.utterances or context.caused.handoff_reason:
        return
    context.memory.misses += 1
    if context.memory.misses >= MISSES_UNTIL_PERSON:
        context.caused.handoff_reason = "not_understood"
        return
    context.say("not_understood" if context.memory.misses == 1 else "not_understood_again")
    context.offer("talk_to_person", "order_status", "opening_hours")


def _remember(context: Context) -> None:
    """Values the customer gives with a wish, so that nobody asks for them again."""
    for entity in context.said.nlu.entities:
        if entity.kind in PROOFS:
            context.memory.slots.setdefault("proof", f"{entity.kind}:{entity.value}")
        elif entity.kind in KEPT_ENTITIES:
            context.memory.slots[entity.kind] = entity.value


def _changed_order(context: Context) -> bool:
    """“No, I meant 100235”: another order number than the one in hand, and no other wish."""
    entity, known = context.said.nlu.entity("order_number"), context.memory.slots.get("order_number")
    if entity is None or known is None or entity.value == known or _expects_code(context):
        return False
    flow = context.memory.stack[-1].flow if context.memory.stack else context.memory.last_flow
    return flow is not None and context.said.nlu.intent in ANSWERS and "proof" not in _waiting_slot(context)


def _waiting_slot(context: Context) -> str:
    if not is_waiting(context):
        return ""
    frame = context.memory.stack[-1]
    return context.services.flows.by_name[frame.flow].steps[frame.step].collect or ""


def _expects_code(context: Context) -> bool:
    return _waiting_slot(context) == "code"


async def _correct(context: Context) -> None:
    memory = context.memory
    entity = context.said.nlu.entity("order_number")
    name = next((frame.flow for frame in memory.stack if _starts(context, frame.flow)), memory.last_flow)
    if entity is None or name is None:
        return
    memory.slots["order_number"] = entity.value
    memory.stack.clear()
    await start_flow(context, name)


def _starts(context: Context, name: str) -> bool:
    return bool(context.services.flows.by_name[name].intents)


def _answers_question(context: Context, intent: str) -> bool:
    return is_waiting(context) and intent in ("back",) and False


async def _answer_or_digress(context: Context, intent: str) -> None:
    """The open question comes first; a clear other wish is served, then the question is put again."""
    flows = context.services.flows
    own = context.memory.stack[-1].flow
    wished = flows.by_intent.get(intent)
    elsewhere = wished is not None and wished not in {frame.flow for frame in context.memory.stack}
    free_text = _takes_text(context)
    if elsewhere and not free_text and context.said.nlu.zone is Zone.ANSWER and context.said.choice is None:
        if not _fills(context):
            _remember(context)
            await start_flow(context, str(wished))
            return
    if await go_on(context):
        context.memory.misses = 0
        return
    _remember(context)
    if context.memory.slots.get(_waiting_slot(context)) is not None:
        await walk(context)
        return
    if intent in COURTESIES or not _knows(context):
        context.memory.misses += intent not in COURTESIES
        await _courtesy(context, intent)
        ask_again(context)
    del own


def _takes_text(context: Context) -> bool:
    frame = context.memory.stack[-1]
    return "text" in context.services.flows.by_name[frame.flow].steps[frame.step].accept


def _fills(context: Context) -> bool:
    from bot.dialogue.filling import fill

    frame = context.memory.stack[-1]
    return fill(context.services.flows.by_name[frame.flow].steps[frame.step], context) is not None


def _knows(context: Context) -> bool:
    """Answer a question in passing from the knowledge base, then put ours again."""
    if context.said.nlu.zone is Zone.HANDOFF or len(context.said.text.split()) < 3:
        return False
    if not _from_knowledge(context):
        return False
    context.say("back_to_question")
    ask_again(context)
    return True


async def _courtesy(context: Context, intent: str) -> None:
    if intent in COURTESIES:
        key = {"thanks": "you_are_welcome", "greeting": "greeting_again"}.get(intent, intent)
        context.say(key, company=context.services.business.company.name)


async def _new_wish(context: Context, intent: str) -> None:
    nlu = context.said.nlu
    _remember(context)
    flow = context.services.flows.by_intent.get(intent)
    if intent in COURTESIES:
        await _greet(context, intent)
    elif flow is not None and (nlu.zone is Zone.ANSWER or context.said.choice is not None):
        context.memory.wants = intent
        context.memory.misses = 0
        await start_flow(context, flow)
    elif nlu.entity("order_number") is not None and intent in (*ANSWERS, "order_status"):
        await start_flow(context, "order_status")
    elif _from_knowledge(context):
        context.memory.misses = 0
    elif nlu.zone is Zone.CLARIFY:
        _clarify(context)
    elif flow is not None and nlu.confidence >= SURE_ENOUGH:
        await start_flow(context, flow)


async def _greet(context: Context, intent: str) -> None:
    company = context.services.business.company.name
    context.memory.misses = 0
    key = {"thanks": "you_are_welcome", "greeting": "greeting"}.get(intent, intent)
    context.say(key, company=company)
    if intent in ("greeting", "help", "bot_challenge", "abusive"):
        context.offer("order_status", "return_item", "talk_to_person")


def _from_knowledge(context: Context) -> bool:
    passage = context.services.knowledge.answer(context.said.text, context.language)
    if passage is None:
        return False
    foreign = passage.language != context.language
    note = "knowledge_foreign" if foreign else "knowledge_source"
    context.utter(Utterance(f"{passage.text}\n\n{context.text(note, source=passage.title)}"))
    context.offer("talk_to_person")
    context.happened(EventKind.KNOWLEDGE_ANSWERED, source=passage.source, score=round(passage.score, 3))
    return True


def _clarify(context: Context) -> None:
    """Two or three buttons with what it may have been, and a way out; a second time it counts as a miss."""
    flows = context.services.flows
    names: list[str] = []
    for intent, _ in context.said.nlu.intents:
        flow = flows.by_intent.get(intent)
        if flow is not None and intent not in names and flows.by_name[flow].label:
            names.append(intent)
    if not names or context.memory.misses:
        return
    context.memory.misses += 1
    choices = [Choice(context.text(f"label_{flows.by_intent[name]}"), name) for name in names[:CLARIFY_WITH]]
    choices.append(Choice(context.text("choice_talk_to_person"), "talk_to_person"))
    context.utter(Utterance(context.text("clarify"), tuple(choices)))


async def _forget(context: Context) -> None:
    """“Never mind.”"""
    for frame in context.memory.stack:
        context.happened(EventKind.FLOW_CANCELLED, flow=frame.flow)
    context.memory.stack.clear()
    context.say("cancelled")


async def _back(context: Context) -> None:
    if not go_back(context):
        context.say("nothing_to_go_back_to")


async def _start_over(context: Context) -> None:
    context.memory.stack.clear()
    context.memory.slots.clear()
    context.say("started_over")
    context.offer("order_status", "return_item", "talk_to_person")


async def _switch_language(context: Context) -> None:
    """The turn has switched already; say so in the new language and put the open question again."""
    context.say("language_switched")
    if is_waiting(context):
        context.memory.stack[-1].tries = 0
        ask_again(context)


COMMANDS = {
    "cancel_dialogue": _forget,
    "back": _back,
    "start_over": _start_over,
    "change_language": _switch_language,
}
