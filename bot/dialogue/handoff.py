"""From the bot to a person: the sentence for the customer and the card for the agent."""

from zoneinfo import ZoneInfo

from bot.dialogue.context import Context, DialogueServices
from bot.dialogue.memory import Memory
from bot.dialogue.moments import week_day
from crm_core import models
from crm_core.conversations import CALLBACK, Handoff, HandoffSignals
from crm_core.hours import hours_of

SHOWN_SLOTS = ("order_number", "invoice_number", "phone", "date", "person")
APOLOGETIC = frozenset({"not_understood", "bot_failed"})


def tell_handoff(context: Context) -> None:
    """Say that a person takes over, and when, if nobody is here now."""
    reason = context.caused.handoff_reason
    if reason is None:
        return
    hours = hours_of(context.services.business.hours.main)
    if reason == CALLBACK:
        context.say("handoff_callback", number=context.memory.slots.get("phone", ""))
    elif reason == "not_verified":
        context.say("handoff_not_verified")
    elif reason in APOLOGETIC:
        context.say("handoff_sorry")
    else:
        context.say("handoff")
    opening = hours.next_opening(context.now)
    if reason != CALLBACK and not hours.is_open(context.now) and opening is not None:
        day = week_day(opening.date(), context.language)
        context.say("handoff_closed", day=day, time=f"{opening:%H:%M}")
    context.memory.stack.clear()


def callback_sentence(services: DialogueServices, conversation: models.Conversation) -> str | None:
    """When we will call; None for who is not to be called."""
    company = services.business.company
    if conversation.callback_at is None:
        return None
    language = conversation.language or company.languages[0]
    local = conversation.callback_at.astimezone(ZoneInfo(company.time_zone))
    day = week_day(local.date(), language)
    return services.replies.say("callback_promised", language, day=day, time=f"{local:%H:%M}")


def handoff_of(services: DialogueServices, memory: Memory, reason: str, conversation: models.Conversation) -> Handoff:
    """The card: why, what for, what was found and told, and what the customer gave already."""
    language = conversation.language or services.business.company.languages[0]
    wanted = [conversation.intent or "", *(wish.intent for wish in memory.waiting)]
    labels = [services.flows.by_name[flow].label for flow in map(services.flows.by_intent.get, wanted) if flow]
    slots = {name: memory.slots[name] for name in SHOWN_SLOTS if name in memory.slots}
    return Handoff(
        reason, queue_for(services, conversation.intent), conversation.intent, language,
        "; ".join(services.replies.say(label, language) for label in labels if label), tuple(memory.found),
        tuple(memory.told), slots,
        memory.slots.get("order_number"), HandoffSignals(memory.urgent, memory.upset, memory.order_value),
    )  # fmt: skip


def queue_for(services: DialogueServices, intent: str | None) -> str:
    """The first queue that names the intent, else the first."""
    queues = services.business.queues.queues
    return next((queue.key for queue in queues if intent in queue.intents), queues[0].key)
