"""The named actions that flows may call: each returns an outcome, which the flow maps to its next step."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from time import perf_counter

from bot.dialogue.context import Context
from bot.dialogue.filling import YES
from bot.dialogue.moments import week, week_day
from bot.dialogue.orders import show_order, show_payment
from bot.dialogue.proof import check_code, prove
from crm_core.contracts import Choice
from crm_core.errors import ErpError
from crm_core.events import EventKind
from crm_core.hours import hours_of
from crm_core.outbox import Utterance

FOUND, MISSING, UNPROVEN, DONE = "found", "missing", "unproven", "done"
MOST_ORDERS_OFFERED = 4

Action = Callable[[Context], Awaitable[str]]


def _asks_erp(action: Action) -> Action:
    """When the ERP does not answer: say so once, offer a person, and leave the flow instead of going round."""

    @wraps(action)
    async def asked(context: Context) -> str:
        started = perf_counter()
        try:
            outcome = await action(context)
        except ErpError as error:
            context.happened(EventKind.ERP_FAILED, code=error.code, action=action.__name__)
            context.memory.stack.clear()
            context.say("erp_down")
            context.offer("talk_to_person", "callback")
            return "unavailable"
        context.happened(EventKind.ERP_ANSWERED, action=action.__name__, ms=round(1000 * (perf_counter() - started), 1))
        return outcome

    return asked


@_asks_erp
async def choose_order(context: Context) -> str:
    """For a customer who is known already and has named no order: take the only one, or offer the latest."""
    if context.customer is None or "order_number" in context.memory.slots:
        return DONE
    orders = await context.services.erp.list_orders(context.customer.id, limit=MOST_ORDERS_OFFERED)
    if len(orders) == 1:
        context.memory.slots["order_number"] = orders[0].number
    elif orders:
        choices = tuple(Choice(order.number, order.number) for order in orders)
        context.utter(Utterance(context.text("which_order"), choices))
        return "offered"
    return DONE


@_asks_erp
async def find_order(context: Context) -> str:
    """The order in the slot, if this customer is known and it is theirs."""
    if context.customer is None:
        return UNPROVEN
    number = context.memory.slots["order_number"]
    if context.order is None or context.order.number != number:
        context.order = await context.services.erp.get_order(number, customer_id=context.customer.id)
    if context.order is not None:
        return FOUND
    context.memory.slots.pop("order_number")
    context.memory.wrong_proofs += 1
    if context.memory.wrong_proofs >= 3:  # noqa: PLR2004 - as for wrong proofs
        return "exhausted"
    context.note_attempt("order", number)
    context.say("order_missing", number=number)
    return MISSING


async def tell_order(context: Context) -> str:
    if context.customer is None or context.order is None:
        return UNPROVEN
    show_order(context, context.customer, context.order)
    context.offer("payment_status", "return_item", "talk_to_person")
    return DONE


async def tell_payment(context: Context) -> str:
    if context.customer is None or context.order is None:
        return UNPROVEN
    show_payment(context, context.customer, context.order)
    context.offer("order_status", "talk_to_person")
    return DONE


@_asks_erp
async def request_return(context: Context) -> str:
    """Ask the ERP for a return that a person approves; the key makes a repeated turn harmless."""
    if context.customer is None:
        return UNPROVEN
    number = context.memory.slots["order_number"]
    order = await context.services.erp.get_order(number, customer_id=context.customer.id)
    if order is None:
        return MISSING
    reason = context.memory.slots.pop("return_reason")
    key = f"return-{context.conversation_id}-{context.said.message_id}"
    reference = await context.services.erp.create_return(order.id, reason, key=key)
    context.say("return_requested", number=number, reference=reference)
    context.memory.told.append(context.text("told_return", number=number, reference=reference))
    return DONE


async def tell_hours(context: Context) -> str:
    calendar, local = context.services.business.hours.main, context.now.astimezone(context.zone)
    hours = hours_of(calendar)
    today = ", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in hours.windows_on(local.date()))
    opening = hours.next_opening(local)
    if hours.is_open(local):
        context.say("hours_open", today=today)
    elif opening is not None and opening.date() == local.date():
        context.say("hours_later_today", time=f"{opening:%H:%M}")
    elif opening is not None:
        context.say("hours_closed", day=week_day(opening.date(), context.language), time=f"{opening:%H:%M}")
    context.say("hours_week", week=week(calendar, context.language))
    return DONE


async def request_callback(context: Context) -> str:
    context.memory.told.append(context.text("told_callback"))
    return DONE


async def note_details(context: Context) -> str:
    """What the customer described goes to the agent in their own words."""
    context.memory.found.append(context.memory.slots.pop("details"))
    return DONE


async def check_confirmed(context: Context) -> str:
    return "confirmed" if context.memory.slots.pop("confirmed") == YES else "declined"


ACTIONS: Mapping[str, Action] = {
    "choose_order": choose_order,
    "find_order": find_order,
    "prove": _asks_erp(prove),
    "check_code": check_code,
    "tell_order": tell_order,
    "tell_payment": tell_payment,
    "request_return": request_return,
    "tell_hours": tell_hours,
    "request_callback": request_callback,
    "note_details": note_details,
    "check_confirmed": check_confirmed,
}
