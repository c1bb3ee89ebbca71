"""Walks a customer through the flows, one message at a time."""

from bot.dialogue.actions import ACTIONS
from bot.dialogue.context import Context
from bot.dialogue.filling import fill
from bot.dialogue.memory import Frame
from bot.dialogue.schema import Flow, Step
from crm_core.events import EventKind
from crm_core.outbox import Utterance

MOST_STEPS = 50  # a flow that loops without asking is a mistake in its file


class EndlessFlow(RuntimeError):
    """A flow went round without ever asking the customer."""


async def start_flow(context: Context, name: str) -> None:
    """Give `name` the floor, above whatever was under way, and walk."""
    memory = context.memory
    memory.stack = [frame for frame in memory.stack if frame.flow != name]
    for slot in _flow(context, name).clears:
        if context.said.nlu.entity(slot) is None:
            memory.slots.pop(slot, None)
    memory.stack.append(Frame(name))
    context.happened(EventKind.FLOW_STARTED, flow=name)
    await walk(context)


async def go_on(context: Context) -> bool:
    """Use the message as the answer to the question that is open. False when it is none."""
    frame = context.memory.stack[-1]
    step = _flow(context, frame.flow).steps[frame.step]
    value = fill(step, context)
    if value is None or step.collect is None:
        return False
    context.memory.slots[step.collect] = value
    context.happened(EventKind.SLOT_FILLED, slot=step.collect, flow=frame.flow)
    frame.tries = 0
    _advance(context, frame, step)
    await walk(context)
    return True


async def walk(context: Context) -> None:
    """Take steps until something is asked, handed off or finished."""
    for _ in range(MOST_STEPS):
        if not context.memory.stack or context.caused.handoff_reason or context.caused.close:
            return
        frame = context.memory.stack[-1]
        flow = _flow(context, frame.flow)
        if frame.step >= len(flow.steps):
            _finish(context)
        elif await _take(context, frame, flow.steps[frame.step]):
            return
    raise EndlessFlow(context.memory.stack[-1].flow)


def _flow(context: Context, name: str) -> Flow:
    return context.services.flows.by_name[name]


def _finish(context: Context) -> None:
    """The flow has ended: the one beneath goes on, with a word that says so when it had asked something."""
    memory = context.memory
    done = memory.stack.pop()
    memory.last_flow = done.flow if _flow(context, done.flow).intents else memory.last_flow
    context.happened(EventKind.FLOW_COMPLETED, flow=done.flow)
    if memory.stack:
        beneath = memory.stack[-1]
        step = _flow(context, beneath.flow).steps[beneath.step]
        if step.run == done.flow:
            beneath.step += 1
        elif step.collect and step.collect not in memory.slots:
            beneath.tries = 0
            context.say("back_to_question")


async def _take(context: Context, frame: Frame, step: Step) -> bool:
    """One step; True when it is the customer's turn."""
    if step.say:
        context.say(step.say, **_values(context))
        return _advance(context, frame, step)
    if step.collect:
        return _collect(context, frame, step)
    if step.action:
        return await _act(context, frame, step)
    if step.run:
        context.memory.stack.append(Frame(step.run))
        return False
    context.caused.close, context.caused.handoff_reason = bool(step.close), step.hand_off
    return True


async def _act(context: Context, frame: Frame, step: Step) -> bool:
    outcome = await ACTIONS[step.action or ""](context)
    target = step.outcomes.get(outcome)
    if target is None:
        return _advance(context, frame, step)
    frame.step = _flow(context, frame.flow).index_of(target)
    frame.tries = int(outcome in step.asked)
    return outcome in step.asked


def _values(context: Context) -> dict[str, str]:
    company = context.services.business.company
    return {
        **context.memory.slots, "company": company.name, "phone": company.phone, "email": company.email,
        "address": company.address[context.language],
    }  # fmt: skip


def _advance(context: Context, frame: Frame, step: Step) -> bool:
    frame.step = _flow(context, frame.flow).index_of(step.next) if step.next else frame.step + 1
    return False


def _collect(context: Context, frame: Frame, step: Step) -> bool:
    """Ask, unless the slot is filled; ask in other words the next times; give up after `tries`."""
    if step.collect in context.memory.slots:
        return _advance(context, frame, step)
    frame.tries += 1
    if frame.tries > step.tries:
        context.caused.handoff_reason = "not_understood"
        return True
    key = step.again if step.again and frame.tries > 1 else step.question
    context.utter(Utterance(context.text(key or "", **_values(context))))
    available = [choice for choice in step.choices if choice != "send_code" or context.services.mail_available]
    if available:
        context.offer(*available)
    return True


def ask_again(context: Context) -> None:
    """Put the open question once more, in other words."""
    frame = context.memory.stack[-1]
    step = _flow(context, frame.flow).steps[frame.step]
    if step.collect:
        _collect(context, frame, step)


def go_back(context: Context) -> bool:
    """To the question before the open one in the same flow; False when there is none."""
    if not context.memory.stack:
        return False
    frame = context.memory.stack[-1]
    steps = _flow(context, frame.flow).steps
    for number in range(frame.step - 1, -1, -1):
        slot = steps[number].collect
        if slot is not None:
            context.memory.slots.pop(slot, None)
            frame.step, frame.tries = number, 0
            ask_again(context)
            return True
    return False


def open_step(context: Context) -> Step | None:
    """The step whose question is open; None when the customer was not asked anything."""
    if not context.memory.stack:
        return None
    frame = context.memory.stack[-1]
    steps = _flow(context, frame.flow).steps
    asks = frame.step < len(steps) and steps[frame.step].collect is not None
    return steps[frame.step] if asks else None
