"""Does an ERP answer everything the bot asks? Each question tried once, and what is missing said in words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crm_core.erp.port import Capability, Erp
from crm_core.erp.query import AgentIdentity, OrderQuery
from crm_core.errors import ErpError, ErpForbidden, ErpNotSupported

_NOBODY = "nobody-asks-for-this@example.com"
_NO_PHONE = "+34600000000"
_NOTHING = "0000000000"
_WHO = AgentIdentity("erp check")


@dataclass(frozen=True, slots=True)
class Tried:
    """One question. `remedy` is None where it was answered, or cannot be asked of this ERP at all."""

    question: str
    state: str
    remedy: str | None = None


async def diagnosed(erp: Erp) -> list[Tried]:
    """Nothing is written. Stops after the first question when the ERP cannot be used at all."""
    first = await _tried("health", erp.health)
    if first.remedy is not None:
        return [first]
    able = erp.capabilities()
    questions: list[tuple[str, str, Callable[[], Awaitable[object]]]] = [
        (Capability.CUSTOMERS, "find customers by e-mail", lambda: erp.find_customers(email=_NOBODY)),
        (Capability.CUSTOMERS, "find customers by telephone", lambda: erp.find_customers(phone=_NO_PHONE)),
        (Capability.CUSTOMERS, "read a customer", lambda: erp.get_customer(_NOTHING)),
        (Capability.ORDERS, "read an order with its shipments and invoices", lambda: _any_order(erp)),
        (Capability.PRODUCTS, "read an article and its stock", lambda: erp.get_product(_NOTHING)),
        (Capability.PRODUCTS, "list articles", lambda: erp.list_products(limit=1)),
    ]
    told = [first]
    for capability, question, ask in questions:
        told.append(await _tried(question, ask) if capability in able else Tried(question, "not offered by this ERP"))
    return told


async def _any_order(erp: Erp) -> str:
    await erp.list_orders("1", limit=1)
    found = await erp.get_order(OrderQuery(_NOTHING, _WHO))
    return "answered" if found is None else found.number


async def _tried(question: str, ask: Callable[[], Awaitable[object]]) -> Tried:
    try:
        found = await ask()
    except ErpNotSupported:
        return Tried(question, "not offered by this ERP")
    except ErpForbidden:
        return Tried(question, "refused", "the user behind our key lacks this right: see docs/erp")
    except ErpError as error:
        return Tried(question, "failed", str(error))
    return Tried(question, found if isinstance(found, str) else "answered")
