"""The tables of the embedded ERP; numbers are the keys, so that an import updates instead of doubling."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Identity, Index, Integer, Numeric
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.erp.port import ShipmentStatus, Stage
from crm_core.schema import Base, one_of


class ErpCustomer(Base):
    """Who buys."""

    __tablename__ = "erp_customer"
    number: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    language: Mapped[str | None]
    blocked: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))


class ErpCustomerContact(Base):
    """An e-mail address or telephone of a customer; `key` is what it is found by."""

    __tablename__ = "erp_customer_contact"
    __table_args__ = (
        CheckConstraint("kind in ('email', 'phone')", name="kind"),
        Index("ix_erp_customer_contact_kind_key", "kind", "key"),
    )
    customer_number: Mapped[str] = mapped_column(
        ForeignKey("erp_customer.number", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]


class ErpOrder(Base):
    """The head of an order; its state of delivery and payment is computed, never stored."""

    __tablename__ = "erp_order"
    __table_args__ = (
        one_of("stage", Stage),
        Index("ix_erp_order_number_key", sql("upper(number)")),
        Index("ix_erp_order_customer_ref_key", sql("upper(customer_ref)")),
        Index("ix_erp_order_customer_number_ordered_on", "customer_number", "ordered_on"),
    )
    number: Mapped[str] = mapped_column(primary_key=True)
    customer_number: Mapped[str] = mapped_column(ForeignKey("erp_customer.number"))
    customer_ref: Mapped[str | None]
    stage: Mapped[str]
    ordered_on: Mapped[date | None]
    promised_on: Mapped[date | None]
    currency: Mapped[str | None]
    total: Mapped[Decimal | None] = mapped_column(Numeric)


class ErpProduct(Base):
    """An article or a service; `names` are the names by language."""

    __tablename__ = "erp_product"
    __table_args__ = (Index("ix_erp_product_sku_key", sql("upper(sku)")),)
    sku: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    names: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=sql("'{}'"))
    price: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]
    available: Mapped[Decimal | None] = mapped_column(Numeric)
    is_service: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))


class ErpOrderLine(Base):
    """A position of an order; the article need not be known to us."""

    __tablename__ = "erp_order_line"
    order_number: Mapped[str] = mapped_column(ForeignKey("erp_order.number", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    sku: Mapped[str | None]
    description: Mapped[str]
    ordered: Mapped[Decimal] = mapped_column(Numeric)
    shipped: Mapped[Decimal] = mapped_column(Numeric, server_default=sql("0"))
    returned: Mapped[Decimal] = mapped_column(Numeric, server_default=sql("0"))
    unit: Mapped[str | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric)
    promised_on: Mapped[date | None]


class ErpShipment(Base):
    """A parcel, or goods on their way back."""

    __tablename__ = "erp_shipment"
    __table_args__ = (one_of("status", ShipmentStatus),)
    number: Mapped[str] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("erp_order.number", ondelete="CASCADE"), index=True)
    status: Mapped[str]
    planned_on: Mapped[date | None]
    shipped_on: Mapped[date | None]
    expected_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    carrier: Mapped[str | None]
    tracking: Mapped[str | None]
    tracking_url: Mapped[str | None]
    is_return: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))


class ErpInvoice(Base):
    """What was charged, or given back (`is_credit`)."""

    __tablename__ = "erp_invoice"
    number: Mapped[str] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("erp_order.number", ondelete="CASCADE"), index=True)
    total: Mapped[Decimal] = mapped_column(Numeric)
    open_amount: Mapped[Decimal] = mapped_column(Numeric)
    currency: Mapped[str]
    issued_on: Mapped[date | None]
    due_on: Mapped[date | None]
    is_credit: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    refunded: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))


class ErpReturnRequest(Base):
    """A wish to send something back; a person approves it."""

    __tablename__ = "erp_return_request"
    id: Mapped[int] = mapped_column(Identity(start=5001), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("erp_order.number", ondelete="CASCADE"), index=True)
    reason: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class ErpNote(Base):
    """A remark on an order."""

    __tablename__ = "erp_note"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("erp_order.number", ondelete="CASCADE"), index=True)
    text: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
