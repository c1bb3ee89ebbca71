"""Does an ERP answer everything the bot asks? Each question tried once, and what is missing said in words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.documents import read_yaml
from crm_core.erp.port import Capability, Erp
from crm_core.erp.query import AgentIdentity, OrderQuery
from crm_core.errors import ErpAuth, ErpError, ErpForbidden, ErpNotSupported

_RIGHTS = Path(__file__).parent / "rights.yml"
_NOBODY = "nobody-asks-for-this@example.com"
_NO_PHONE = "+34600000000"
_NOTHING = "0000000000"
_WHO = AgentIdentity("erp check")
_NOT_OFFERED = "not offered by this ERP"
_CUSTOMERS, _ORDERS, _ARTICLES = "customers", "orders", "articles"


@dataclass(frozen=True, slots=True)
class Tried:
    """One question. `remedy` is None where it was answered, or cannot be asked of this ERP at all."""

    question: str
    state: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`right` is its name in `rights.yml`."""

    text: str
    needs: Capability
    right: str
    ask: Callable[[], Awaitable[object]]


def needed_rights(kind: str) -> Mapping[str, str]:
    """What our user needs in this kind of ERP, by group of questions."""
    known: Mapping[str, Mapping[str, str]] = read_yaml(_RIGHTS.read_text(encoding="utf-8"))
    return known.get(kind, {})


async def diagnosed(erp: Erp, rights: Mapping[str, str] | None = None, order: str | None = None) -> list[Tried]:
    """Nothing is written. `order` is a real one to read whole. Stops first when the ERP cannot be used at all."""
    rights = rights or {}
    told = [await _tried("health", erp.health, rights.get(_ORDERS))]
    if told[0].remedy is not None:
        return told
    able = erp.capabilities()
    for question in _questions(erp, order):
        right = rights.get(question.right)
        is_able = question.needs in able
        told.append(await _tried(question.text, question.ask, right) if is_able else Tried(question.text, _NOT_OFFERED))
    return told + _writes(able, rights)


def _questions(erp: Erp, order: str | None) -> list[Question]:
    ref = order or _NOTHING
    reading = f"read the order {ref} with its shipments and invoices" if order else "look for an order"
    return [
        Question("find customers by e-mail", Capability.CUSTOMERS, _CUSTOMERS,
                 lambda: erp.find_customers(email=_NOBODY)),
        Question("find customers by telephone", Capability.CUSTOMERS, _CUSTOMERS,
                 lambda: erp.find_customers(phone=_NO_PHONE)),
        Question("read a customer", Capability.CUSTOMERS, _CUSTOMERS, lambda: erp.get_customer(_NOTHING)),
        Question("list a customer's orders", Capability.ORDERS, _ORDERS, lambda: erp.list_orders("1", limit=1)),
        Question(reading, Capability.ORDERS, _ORDERS, lambda: _read_order(erp, ref, must_be_there=order is not None)),
        Question("read an article and its stock", Capability.PRODUCTS, _ARTICLES, lambda: erp.get_product(_NOTHING)),
        Question("list articles", Capability.PRODUCTS, _ARTICLES, lambda: erp.list_products(limit=1)),
    ]  # fmt: skip


async def _read_order(erp: Erp, ref: str, *, must_be_there: bool) -> str:
    found = await erp.get_order(OrderQuery(ref, _WHO))
    if found is None and must_be_there:
        return "answered: there is no such order"
    return "answered" if found is None else f"answered: {found.headline}"


def _writes(able: frozenset[str], rights: Mapping[str, str]) -> list[Tried]:
    """What would leave something behind is not tried; its right is named."""
    asked = [("ask for a return", Capability.RETURNS, "returns"), ("leave a note", Capability.NOTES, "notes")]
    return [
        Tried(
            text, f"not tried; it needs {rights.get(right, 'no right of its own')}" if needs in able else _NOT_OFFERED
        )
        for text, needs, right in asked
    ]


async def _tried(text: str, ask: Callable[[], Awaitable[object]], right: str | None) -> Tried:
    try:
        found = await ask()
    except ErpNotSupported:
        return Tried(text, _NOT_OFFERED)
    except ErpForbidden:
        return Tried(text, "refused", f"the user behind our key lacks {right or 'this right'}")
    except ErpAuth as error:
        return Tried(text, "not let in", str(error))
    except ErpError as error:
        return Tried(text, "failed", str(error))
    return Tried(text, found if isinstance(found, str) else "answered")
