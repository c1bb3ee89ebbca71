"""Fills a running Tryton with the golden scenario by proteus. Run by the Python of .venv-tryton, never imported.

`seed.py URL ADMIN_PASSWORD RESULT` writes the key of the REST application, and the user's log-in, as JSON.
"""

import datetime as dt
import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from proteus import Model, Wizard, config

PASSWORD = "of-the-test-only-2026"


def company() -> Model:
    wizard = Wizard("company.company.config")
    wizard.execute("company")
    party = Model.get("party.party")(name="Oslo & Co.")
    party.save()
    currency = Model.get("currency.currency")(name="Euro", code="EUR", symbol="€", rounding=Decimal("0.01"))
    currency.save()
    wizard.form.party, wizard.form.currency = party, currency
    wizard.execute("add")
    preferences = Model.get("res.user").get_preferences(True, {})
    config.get_config()._context = preferences
    (made,) = Model.get("company.company").find()
    return made


def accounts(of: Model) -> dict[str, Model]:
    """The chart of accounts, and a fiscal year around today."""
    chart = Model.get("ir.model.data").get_id("account.account_template_root_en", config.get_config().context)
    template = Model.get("account.account.template")(chart)
    wizard = Wizard("account.create_chart")
    wizard.execute("account")
    wizard.form.account_template, wizard.form.company = template, of
    wizard.execute("create_account")
    account = Model.get("account.account")
    found = {
        kind: account.find([(f"type.{kind}", "=", True), ("company", "=", of.id), ("closed", "!=", True)], limit=1)[0]
        for kind in ("receivable", "payable", "revenue", "expense")
    }
    (found["cash"],) = account.find([("company", "=", of.id), ("code", "=", "1.1.1")], limit=1)
    for kind in ("receivable", "payable"):
        if found[kind].party_required:
            setattr(wizard.form, f"account_{kind}", found[kind])
    wizard.form.category_account_expense, wizard.form.category_account_revenue = found["expense"], found["revenue"]
    wizard.execute("create_properties")
    _fiscal_year(of)
    return found


def _fiscal_year(of: Model) -> None:
    today = dt.date.today()  # noqa: DTZ011 - of Tryton's own clock
    year = Model.get("account.fiscalyear")(name=str(today.year), company=of)
    year.start_date, year.end_date = today.replace(day=1, month=1), today.replace(day=31, month=12)
    year.move_sequence = _sequence("Account Move", of)
    (sequences,) = year.invoice_sequences
    invoices = _sequence("Invoice", of)
    sequences.out_invoice_sequence = sequences.in_invoice_sequence = invoices
    sequences.out_credit_note_sequence = sequences.in_credit_note_sequence = invoices
    year.save()
    year.click("create_period")


def _sequence(kind: str, of: Model) -> Model:
    (sequence_type,) = Model.get("ir.sequence.type").find([("name", "=", kind)], limit=1)
    made = Model.get("ir.sequence.strict")(name=kind, sequence_type=sequence_type, company=of)
    made.save()
    return made


def product(code: str, name: str, price: str, category: Model) -> Model:
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    template = Model.get("product.template")(
        name=name, default_uom=unit, type="goods", salable=True, list_price=Decimal(price), account_category=category
    )
    (variant,) = template.products
    variant.suffix_code, variant.cost_price = code, Decimal(price) / 2
    template.save()
    return template.products[0]


def carrier(category: Model) -> Model:
    """Shipping without one is a warning, which only a person may pass over."""
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    template = Model.get("product.template")(
        name="Delivery",
        default_uom=unit,
        type="service",
        salable=True,
        list_price=Decimal(9),
        account_category=category,
    )
    template.products[0].cost_price = Decimal(5)
    template.save()
    party = Model.get("party.party")(name="Postal Service")
    party.save()
    made = Model.get("carrier")(party=party, carrier_product=template.products[0])
    made.save()
    return made


def stock(goods: dict[Model, float]) -> None:
    (storage,) = Model.get("stock.location").find([("code", "=", "STO")])
    inventory = Model.get("stock.inventory")(location=storage)
    for variant, quantity in goods.items():
        line = inventory.lines.new(product=variant)
        line.quantity, line.expected_quantity = quantity, 0.0
    inventory.click("confirm")


def customer(name: str, email: str, phone: str) -> Model:
    made = Model.get("party.party")(name=name)
    made.contact_mechanisms.new(type="email", value=email)
    made.contact_mechanisms.new(type="phone", value=phone)
    made.save()
    return made


@dataclass
class Seller:
    """What every order needs."""

    term: Model
    carrier: Model
    ledger: dict[str, Model]

    def sale(self, party: Model, lines: list[tuple[Model, float]], reference: str, *, upto: str = "process") -> Model:
        made = Model.get("sale.sale")(
            party=party, payment_term=self.term, invoice_method="order", reference=reference
        )  # fmt: skip
        for variant, quantity in lines:
            line = made.lines.new()
            line.product, line.quantity = variant, quantity
        made.save()
        for step in ("quote", "confirm", "process"):
            made.click(step)
            made.reload()
            if step == upto or made.state == "processing":
                break
        return made

    def ship(self, parcel: Model, tracking: str) -> None:
        parcel.carrier = self.carrier
        parcel.save()
        if parcel.state == "draft":
            parcel.click("wait")
        parcel.click("assign_try")
        for step in ("pick", "pack"):
            parcel.reload()
            parcel.click(step)
        parcel.reload()
        parcel.shipping_reference = tracking
        parcel.save()
        parcel.click("do")

    def pay(self, invoice: Model) -> None:
        (journal,) = Model.get("account.journal").find([("type", "=", "cash")])
        cash = self.ledger["cash"]
        method = Model.get("account.invoice.payment.method")(
            name="Cash", journal=journal, credit_account=cash, debit_account=cash
        )  # fmt: skip
        method.save()
        invoice.click("post")
        invoice.reload()
        wizard = invoice.click("pay")
        wizard.form.payment_method = method
        wizard.execute("choice")


def orders(seller: Seller, router: Model, cable: Model) -> None:
    """WEB-1 quoted, 2 confirmed, 3 shipped in part and not paid, 4 shipped and paid, 5 cancelled."""
    ada = customer("Ada Lovelace", "ada@example.com", "+34915550101")
    ivan = customer("Иван Петров", "ivan@example.com", "+74955550102")
    seller.sale(ada, [(router, 1)], "WEB-1", upto="quote")
    seller.sale(ada, [(router, 2), (cable, 10)], "WEB-2")
    part, done = seller.sale(ada, [(router, 3), (cable, 5)], "WEB-3"), seller.sale(ivan, [(cable, 4)], "WEB-4")
    seller.sale(ivan, [(router, 1)], "WEB-5", upto="quote").click("cancel")
    (parcel,) = part.shipments
    for move in parcel.outgoing_moves if parcel.state == "draft" else parcel.inventory_moves:
        if move.product.id == router.id:
            move.quantity = 1
    parcel.save()
    seller.ship(parcel, "TRACK-PART-1")
    (parcel,) = done.shipments
    seller.ship(parcel, "TRACK-DONE-1")
    part.reload()
    done.reload()
    seller.pay(done.invoices[0])
    part.invoices[0].click("post")
    (model,) = Model.get("ir.model").find([("name", "=", "sale.sale")])
    Model.get("sale.complaint.type")(name="Return", origin=model).save()


def user(of: Model) -> dict[str, str]:
    """Somebody with the rights of docs/erp, and a validated REST key."""
    made = Model.get("res.user")(name="Switchboard", login="switchboard", password=PASSWORD)
    names = ["Sales", "Stock", "Accounting Party", "Accounting", "Sale Complaint", "Party Administration"]
    made.groups.extend(Model.get("res.group").find([("name", "in", names)]))
    again = Model.get("company.company")(of.id)
    made.companies.append(again)
    made.company = again
    made.save()
    application = Model.get("res.user.application")(application="rest")
    application.user = made
    application.save()
    return {"key": application.key, "login": "switchboard", "password": PASSWORD}


def fill() -> dict[str, str]:
    """Everything, in the order in which it depends on each other."""
    ours = company()
    ledger = accounts(ours)
    goods = Model.get("product.category")(name="Goods", accounting=True)
    goods.account_expense, goods.account_revenue = ledger["expense"], ledger["revenue"]
    goods.save()
    router, cable = product("RT-100", "Wi-Fi router", "120.00", goods), product("CB-3", "Cable 3 m", "7.50", goods)
    stock({router: 10.0, cable: 100.0})
    term = Model.get("account.invoice.payment_term")(name="Direct")
    term.lines.new(type="remainder")
    term.save()
    orders(Seller(term, carrier(goods), ledger), router, cable)
    return user(ours)


url, admin_password, result = sys.argv[1:]
# a session: by password each of the thousand calls would hash it anew
with config.set_xmlrpc_session(url, "admin", admin_password) as configuration:
    Path(result).write_text(json.dumps(fill()), encoding="utf-8")
