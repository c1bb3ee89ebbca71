"""What a message means for the conversation: an answer, a new wish, a correction, or nothing that we know."""

from bot.dialogue.context import Context
from bot.dialogue.courtesy import COURTESIES, courtesy, miss
from bot.dialogue.engine import ask_again, go_back, go_on, open_step, start_flow, walk
from bot.dialogue.filling import PROOFS, fill
from bot.dialogue.questions import answer_from_knowledge, clarify
from crm_core.events import EventKind
from nlu.engine import Zone

ANSWERS = frozenset({"inform", "affirm", "deny"})
LIKELY = 0.4
KEPT_ENTITIES = frozenset({"order_number", "invoice_number", "phone", "date", "person"})


async def listen(context: Context) -> None:
    """Deal with one message. Always says something, hands off, or closes."""
    context.memory.turns += 1
    wish = _wish(context)
    if wish == "talk_to_person":
        await start_flow(context, wish)
    elif _is_correction(context):
        await _correct(context)
    elif wish in COMMANDS:
        await COMMANDS[wish](context)
    elif open_step(context) is not None:
        await _answer_or_digress(context, wish)
    else:
        await _new_wish(context, wish)
    if not context.caused.utterances and not context.caused.handoff_reason:
        miss(context)


def _wish(context: Context) -> str:
    """The intent; a pressed button says it for sure."""
    choice = context.said.choice
    if choice is not None and (choice in context.services.flows.by_intent or choice in COMMANDS):
        return choice
    return context.said.nlu.intent


def _is_sure(context: Context) -> bool:
    return context.said.choice is not None or context.said.nlu.zone is Zone.ANSWER


def _is_about_an_order(context: Context) -> bool:
    """An order number beside a likely wish: no need to ask which wish it was."""
    nlu = context.said.nlu
    return nlu.entity("order_number") is not None and nlu.confidence >= LIKELY


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
    flow = context.services.flows.by_intent.get(wish)
    elsewhere = flow is not None and flow not in {frame.flow for frame in context.memory.stack}
    if step is not None and fill(step, context) is not None:
        context.memory.misses = 0
        await go_on(context)
    elif elsewhere and _is_sure(context):
        _remember(context)
        await start_flow(context, str(flow))
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


def _remembers_the_answer(context: Context) -> bool:
    step = open_step(context)
    _remember(context)
    return step is not None and step.collect in context.memory.slots


async def _new_wish(context: Context, wish: str) -> None:
    nlu = context.said.nlu
    flow = context.services.flows.by_intent.get(wish)
    names_order = nlu.entity("order_number") is not None and wish in ANSWERS
    _remember(context)
    if wish in COURTESIES:
        courtesy(context, wish)
    elif flow is not None and (_is_sure(context) or _is_about_an_order(context)):
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
    if open_step(context) is not None:
        context.memory.stack[-1].tries = 0
        ask_again(context)


COMMANDS = {
    "cancel_dialogue": _forget,
    "back": _back,
    "start_over": _start_over,
    "change_language": _switch_language,
}
