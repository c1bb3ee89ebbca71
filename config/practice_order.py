"""The fictive order of a lesson; days are counted from the day on which the lesson is taken."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from config.words import LanguageCode, Strict

Days = Annotated[int, Field(ge=-365, le=365)]
Amount = Annotated[Decimal, Field(ge=0, decimal_places=2)]


class Goods(Strict):
    name: dict[LanguageCode, str]
    ordered: Annotated[int, Field(ge=1)] = 1
    shipped: Annotated[int, Field(ge=0)] = 0
    returned: Annotated[int, Field(ge=0)] = 0
    price: Amount


class Parcel(Strict):
    status: Annotated[str, Field(pattern="^(planned|picking|ready|shipped|delivered|exception)$")]
    carrier: str
    tracking: str
    shipped: Days | None = None
    expected: Days | None = None
    delivered: Days | None = None
    is_return: bool = False


class CreditNote(Strict):
    number: str
    amount: Amount
    issued: Days


class PracticeOrder(Strict):
    """As the order panel shows it."""

    number: Annotated[str, Field(pattern=r"^[\w-]{3,20}$")]
    stage: Annotated[str, Field(pattern="^(open|on_hold|closed|cancelled)$")] = "open"
    fulfilment: Annotated[
        str, Field(pattern="^(not_started|in_progress|partial|shipped|delivered|returned|exception)$")
    ]
    payment: Annotated[str, Field(pattern="^(unpaid|partial|paid|refunded)$")] = "paid"
    total: Amount
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    ordered: Days
    promised: Days | None = None
    lines: list[Goods]
    parcels: list[Parcel] = []
    credit: CreditNote | None = None
