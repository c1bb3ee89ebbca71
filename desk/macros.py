"""Macros filled in for one conversation: a value is put in as it is and never looked at again, so it does nothing."""

from collections.abc import Mapping, Sequence

from config.macros import BLANK, VARIABLES, Macro
from crm_core.conversation_head import ConversationHead
from crm_core.erp.port import Erp, Order
from crm_core.errors import ErpError
from crm_core.similar import BLANKS
from desk.orders import MOST_ORDERS
from desk.reader import Reader
from desk.services import Desk
from desk.views import ShownMacro
from desk.words import Words


def filled(text: str, values: Mapping[str, str]) -> str:
    """In one pass; a variable without a value stays as it stands, to be filled in by hand."""
    return BLANK.sub(lambda found: values.get(found[1]) or found[0], text)


def open_blanks(text: str) -> list[str]:
    """Variables that nobody filled in, and what was another customer's; other braces are the writer's own."""
    return [name for name in BLANK.findall(text) if name in VARIABLES or name in BLANKS]


def values_of(desk: Desk, reader: Reader, head: ConversationHead, order: Order | None) -> dict[str, str]:
    """Every variable that has a value here, in the customer's language."""
    company, name = desk.services.business.company, head.contact_name or ""
    number = order.number if order else _noted_number(head)
    words = desk.words(customer_language(desk, head))
    return {
        "contact.name": name, "contact.first_name": _first(name), "order.number": number,
        "order.state": _state(order, words), "agent.name": reader.viewer.name,
        "agent.first_name": _first(reader.viewer.name), "company": company.name, "company.phone": company.phone,
        "company.email": company.email,
    }  # fmt: skip


def customer_language(desk: Desk, head: ConversationHead) -> str:
    return head.language or desk.services.business.company.languages[0]


def _first(name: str) -> str:
    return name.split(maxsplit=1)[0] if name.split() else ""


def _state(order: Order | None, words: Words) -> str:
    return words(f"order_states.{order.headline}") if order else ""


def _noted_number(head: ConversationHead) -> str:
    return str((head.handoff or {}).get("order_number") or "")


async def order_meant(erp: Erp, head: ConversationHead) -> Order | None:
    """Only among this customer's own: the one of the handoff, else the only one there is. Asks the ERP."""
    if head.customer_ref is None:
        return None
    try:
        orders = await erp.list_orders(head.customer_ref, limit=MOST_ORDERS)
    except ErpError:
        return None
    noted = _noted_number(head)
    meant = [order for order in orders if order.number == noted] if noted else orders
    return meant[0] if len(meant) == 1 else None


def shown_macros(
    macros: Sequence[Macro], language: str, reader: Reader, values: Mapping[str, str]
) -> tuple[ShownMacro, ...]:
    """Named in the reader's language, written in the customer's."""
    return tuple(
        ShownMacro(
            macro.key,
            macro.name.get(reader.words.language) or next(iter(macro.name.values()), macro.key),
            filled(macro.text.get(language) or next(iter(macro.text.values())), values),
        )
        for macro in macros
    )
