"""An order as the agent reads it: every parcel with its way, every invoice with what is owed."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from config.erps import Erps
from crm_core.erp.port import Invoice, Money, Payment, Shipment, ShipmentStatus
from desk.moments import Clockface
from desk.orders import OrderCard, orders_panel
from desk.words import read_catalogues
from tests.support.desk_app import DeskErp
from tests.support.erp import order

PAGES = Erps(tracking={"DHL": "https://dhl.example/{number}"})


async def card_of(now: datetime, language: str = "en", **parts: object) -> OrderCard:
    clock = Clockface(now, ZoneInfo("Europe/Madrid"), read_catalogues()[language])
    panel = await orders_panel(DeskErp([order(**parts)]), "C1", clock, "/retry", PAGES.tracking_url)  # type: ignore[arg-type]
    return panel.items[0]


def parcel(number: str, **parts: object) -> Shipment:
    return Shipment(number, number, ShipmentStatus.SHIPPED, **parts)  # type: ignore[arg-type]


async def test_a_parcel_leads_to_its_carriers_page_or_the_erps_own(now: datetime) -> None:
    card = await card_of(now, shipments=(
        parcel("S1", carrier="DHL - Delivery", tracking="123", shipped_on=date(2026, 11, 20)),
        parcel("S2", carrier="DHL", tracking="9", tracking_url="https://erp.example/9"),
        parcel("S3", carrier="Courier", tracking="7", tracking_url="javascript:alert(1)"),
        Shipment("S4", "S4", ShipmentStatus.PLANNED),
    ))  # fmt: skip
    assert [(one.state, one.text, one.href) for one in card.shipments] == [
        ("shipped 20 Nov", "DHL - Delivery 123", "https://dhl.example/123"),
        ("shipped", "DHL 9", "https://erp.example/9"),
        ("shipped", "Courier 7", None),
        ("planned", "shipment S4", None),
    ]


@pytest.mark.parametrize(("language", "told"), [
    ("en", ["Invoice I1", "40,00 € open of 100,00 €", "100,00 € · unpaid", "100,00 € · paid", "Credit note I4"]),
    ("ru", ["Счёт I1", "к оплате 40,00 € из 100,00 €", "100,00 € · не оплачен", "100,00 € · оплачен", "Возврат I4"]),
    ("es", ["Factura I1", "40,00 € pendientes de 100,00 €", "100,00 € · sin pagar", "100,00 € · pagado", "Abono I4"]),
])  # fmt: skip
async def test_every_invoice_says_what_is_owed(now: datetime, language: str, told: list[str]) -> None:
    def bill(number: str, status: Payment, owed: int, *, credit: bool = False) -> Invoice:
        return Invoice(
            number, number, status, Money(Decimal(100), "EUR"), Money(Decimal(owed), "EUR"), is_credit=credit
        )

    card = await card_of(now, language, invoices=(
        bill("I1", Payment.PARTIAL, 40), bill("I2", Payment.UNPAID, 100), bill("I3", Payment.PAID, 0),
        bill("I4", Payment.REFUNDED, 0, credit=True),
    ))  # fmt: skip
    values = [one.value.replace("\xa0", " ") for one in card.invoices[:3]]
    assert [card.invoices[0].name, *values, card.invoices[3].name] == told
