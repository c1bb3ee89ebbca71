"""What a message means for the conversation: an answer, a new wish, a correction, or nothing that we know."""

from bot.dialogue.choosing import NONE_OF_THESE, by_number
from bot.dialogue.context import Context
from bot.dialogue.corrections import takes_back, without_denied
from bot.dialogue.courtesy import COURTESIES, courtesy, miss
from bot.dialogue.engine import ask_again, go_back, go_on, open_step, start_flow, walk
from bot.dialogue.filling import PROOFS, fill
from bot.dialogue.memory import Wish
from bot.dialogue.questions import answer_from_knowledge, chosen, clarify
from bot.dialogue.transcripts import promise_transcript, wants_transcript
from bot.dialogue.wishes import as_if_said, values_of, wish_of
from crm_core.events import EventKind
from nlu.engine import Zone

ANSWERS = frozenset({"inform", "affirm", "deny"})
LIKELY = 0.4
INSTEAD = 0.2  # what is left of a likelihood when a message also names the wish it takes back
KEPT_ENTITIES = frozenset({"order_number", "invoice_number", "phone", "date", "person", "product"})


async def listen(context: Context) -> None:
    """Deal with one message. Always says something, hands off, or closes."""
    memory = context.memory
    memory.turns += 1
    context.said = by_number(context.said, memory.offered)
    context.said = without_denied(context.said, memory.slots.get("order_number"))
    option = chosen(context)
    if option == NONE_OF_THESE:
        context.caused.handoff_reason = "not_understood"
    elif option is not None:
        await _serve_wish(context, Wish(option, memory.unclear))
    elif not context.said.text.strip() and context.said.choice is None:
        _thank_for_file(context)
    elif _holds_several(context):
        await _serve_several(context)
    else:
        await _hear(context)
    await _serve_waiting(context)
    if not context.caused.utterances and not context.caused.handoff_reason:
        miss(context)
    last = context.caused.utterances[-1].choices if context.caused.utterances else ()
    memory.offered = [[choice.value, choice.label] for choice in last]


def _thank_for_file(context: Context) -> None:
    """A photo or a voice note without a word: an agent will see it, we cannot."""
    context.say("file_received")
    if open_step(context) is not None:
        ask_again(context)
    else:
        context.offer("talk_to_person", "order_status", "return_item")


async def _hear(context: Context) -> None:
    """One wish, answer or word."""
    wish = _wish(context)
    if wants_transcript(context):
        promise_transcript(context)
    elif wish == "talk_to_person":
        await start_flow(context, wish)
    elif _is_correction(context):
        await _correct(context)
    elif wish in COMMANDS:
        await COMMANDS[wish](context)
    elif open_step(context) is not None:
        await _answer_or_digress(context, wish)
    else:
        await _new_wish(context, wish)


def _holds_several(context: Context) -> bool:
    return open_step(context) is None and context.said.choice is None and len(context.said.nlu.clauses) > 1


async def _serve_several(context: Context) -> None:
    """The first wish now, the others when it is done; a person last, so that the rest is answered before."""
    wishes = [wish_of(clause) for clause in context.said.nlu.clauses]
    wishes.sort(key=lambda wish: wish.intent == "talk_to_person")
    flows = context.services.flows.by_intent
    apart = {(flows.get(wish.intent, wish.intent), wish.values.get("order_number")): wish for wish in reversed(wishes)}
    first, *others = [wish for wish in wishes if wish in apart.values()]
    context.memory.waiting = others
    await _serve_wish(context, first)


async def _serve_waiting(context: Context) -> None:
    """What still waits, once nothing is open any more."""
    memory, caused = context.memory, context.caused
    while memory.waiting and not memory.stack and not memory.options and not caused.handoff_reason and not caused.close:
        wish = memory.waiting.pop(0)
        if wish.intent != "talk_to_person":
            context.say("next_wish")
        await _serve_wish(context, wish)


async def _serve_wish(context: Context, wish: Wish) -> None:
    """As if the message had said just this. A number of another wish is not this one's."""
    if "order_number" in wish.values:
        context.memory.slots["order_number"] = wish.values["order_number"]
    topic = f"topic_{wish.intent}"
    text = context.text(topic) if context.services.replies.has(topic) else context.said.text
    context.said = as_if_said(context.said, wish, text)
    await _hear(context)


def _wish(context: Context) -> str:
    """The intent; a pressed button says it for sure."""
    choice = context.said.choice
    known = choice in context.services.flows.by_intent or choice in COMMANDS or choice in COURTESIES
    if choice is not None and known:
        return choice
    return context.said.nlu.intent


def _is_sure(context: Context) -> bool:
    return context.said.choice is not None or context.said.nlu.zone is Zone.ANSWER


def _flow_of(context: Context, wish: str) -> str | None:
    """“How much is delivery” is one thing; beside a product's name it is another."""
    flows = context.services.flows
    by_value = (flows.by_value.get((wish, entity.kind)) for entity in context.said.nlu.entities)
    return next((flow for flow in by_value if flow is not None), flows.by_intent.get(wish))


def _names_its_object(context: Context, flow: str) -> bool:
    """An order number, or a product that the flow is about, beside a likely wish: no need to ask which wish it was."""
    nlu = context.said.nlu
    kinds = ("order_number", *context.services.flows.by_name[flow].intents_with)
    return nlu.confidence >= LIKELY and any(nlu.entity(kind) is not None for kind in kinds)


def _remember(context: Context) -> None:
    """Values the customer gives with a wish, so that nobody asks for them again."""
    for entity in context.said.nlu.entities:
        if entity.kind in PROOFS:
            context.memory.slots.setdefault("proof", f"{entity.kind}:{entity.value}")
        if entity.kind in KEPT_ENTITIES:
            context.memory.slots[entity.kind] = entity.value


def _is_correction(context: Context) -> bool:
    """“No, I meant 100235”: another order number than the one in hand, and no other wish."""
    entity, known = context.said.nlu.entity("order_number"), context.memory.slots.get("order_number")
    step = open_step(context)
    if entity is None or known is None or entity.value == known or (step and step.collect == "code"):
        return False
    no_other_wish = context.said.nlu.intent in ANSWERS or not _is_sure(context)
    return no_other_wish and _corrected_flow(context) is not None


def _corrected_flow(context: Context) -> str | None:
    flows = context.services.flows.by_name
    under_way = (frame.flow for frame in context.memory.stack if flows[frame.flow].intents)
    return next(under_way, context.memory.last_flow)


async def _correct(context: Context) -> None:
    name = _corrected_flow(context)
    _remember(context)
    context.memory.stack.clear()
    await start_flow(context, str(name))


async def _answer_or_digress(context: Context, wish: str) -> None:
    """The open question comes first; a clear other wish is served, then the question is put again."""
    step = open_step(context)
    flow = _flow_of(context, wish)
    instead = _wish_instead(context)
    if instead is not None:
        await _digress(context, *instead)
    elif step is not None and fill(step, context) is not None:
        context.memory.misses = 0
        await go_on(context)
    elif flow is not None and _is_elsewhere(context, flow) and _is_sure(context):
        await _digress(context, wish, flow)
    elif _remembers_the_answer(context):
        await walk(context)
    elif wish in COURTESIES:
        courtesy(context, wish)
        ask_again(context)
    elif answer_from_knowledge(context, wish, passing=True):
        context.say("back_to_question")
        ask_again(context)
    else:
        ask_again(context)


def _is_elsewhere(context: Context, flow: str) -> bool:
    return flow not in {frame.flow for frame in context.memory.stack}


def _wish_instead(context: Context) -> tuple[str, str] | None:
    """The intent and flow that a message wants in place of the one under way: the likeliest other one."""
    if not takes_back(context.said.text):
        return None
    flows = context.services.flows.by_intent
    likely = [intent for intent, likelihood in context.said.nlu.intents if likelihood >= INSTEAD and intent in flows]
    return next(((intent, flows[intent]) for intent in likely if _is_elsewhere(context, flows[intent])), None)


async def _digress(context: Context, wish: str, flow: str) -> None:
    """Another wish in the middle of one; “no, I want to return it” replaces the one under way, for the same order."""
    order = context.memory.slots.get("order_number")
    if takes_back(context.said.text):
        for frame in context.memory.stack:
            context.happened(EventKind.FLOW_CANCELLED, flow=frame.flow)
        context.memory.stack.clear()
        if order is not None and context.said.nlu.entity("order_number") is None:
            values = values_of(context.said.nlu.entities) | {"order_number": order}
            context.said = as_if_said(context.said, Wish(wish, values), context.said.text)
    _remember(context)
    await start_flow(context, flow)


def _remembers_the_answer(context: Context) -> bool:
    step = open_step(context)
    _remember(context)
    return step is not None and step.collect in context.memory.slots


async def _new_wish(context: Context, wish: str) -> None:
    nlu = context.said.nlu
    flow = _flow_of(context, wish)
    names_order = nlu.entity("order_number") is not None and wish in ANSWERS
    _remember(context)
    if wish in COURTESIES:
        courtesy(context, wish)
    elif flow is not None and (_is_sure(context) or _names_its_object(context, flow)):
        await _serve(context, wish, flow)
    elif names_order:
        await _serve(context, "order_status", context.services.flows.by_intent["order_status"])
    elif answer_from_knowledge(context, wish):
        context.memory.misses = 0
    elif nlu.zone is Zone.CLARIFY:
        clarify(context)


async def _serve(context: Context, wish: str, flow: str) -> None:
    context.memory.wants, context.memory.misses = wish, 0
    await start_flow(context, flow)


async def _forget(context: Context) -> None:
    """“Never mind.” What waits is forgotten too."""
    context.memory.waiting.clear()
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
    if open_step(context) is not None:
        context.memory.stack[-1].tries = 0
        ask_again(context)


COMMANDS = {
    "cancel_dialogue": _forget,
    "back": _back,
    "start_over": _start_over,
    "change_language": _switch_language,
}
