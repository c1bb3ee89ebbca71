"""The sales part of the star schema: what insight reads instead of the ERP. No names, no addresses: ids only."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, Identity, Index, Integer, Numeric
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.erp.port import Stage
from crm_core.schema import Base, one_of


class DimCustomer(Base):
    """A customer as they were from `valid_from` on (SCD2); `customer_id` is what conversations call them."""

    __tablename__ = "dim_customer"
    __table_args__ = (
        Index(
            "uq_dim_customer_current", "source", "customer_id", unique=True, postgresql_where=sql("valid_to is null")
        ),
    )
    key: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    customer_id: Mapped[str]
    language: Mapped[str | None]
    blocked: Mapped[bool] = mapped_column(Boolean)
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class DimProduct(Base):
    """An article or a service; `names` by language, the price as it is now."""

    __tablename__ = "dim_product"
    source: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    names: Mapped[dict[str, str]] = mapped_column(JSONB)
    price: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]
    extracted_at: Mapped[datetime]


class FactSaleLine(Base):
    """One position of an order; `amount` is quantity by unit price, and `shipped` gross."""

    __tablename__ = "fact_sale_line"
    __table_args__ = (
        one_of("stage", Stage),
        Index("ix_fact_sale_line_customer_id_ordered_on", "source", "customer_id", "ordered_on"),
        Index("ix_fact_sale_line_sku_ordered_on", "source", "sku", "ordered_on"),
    )
    source: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_number: Mapped[str]
    customer_id: Mapped[str]
    sku: Mapped[str | None]
    stage: Mapped[str]
    ordered_on: Mapped[date | None]
    quantity: Mapped[Decimal] = mapped_column(Numeric)
    shipped: Mapped[Decimal] = mapped_column(Numeric)
    returned: Mapped[Decimal] = mapped_column(Numeric)
    amount: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]
    extracted_at: Mapped[datetime]


class ErpExtract(Base):
    """How far the reading of one kind of record has come; `finished_at` is empty while a run is under way."""

    __tablename__ = "erp_extract"
    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime | None]
    started_at: Mapped[datetime]
    position: Mapped[str] = mapped_column(server_default=sql("''"))
    items: Mapped[int] = mapped_column(server_default=sql("0"))
    finished_at: Mapped[datetime | None]
