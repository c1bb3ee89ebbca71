"""erp_extract."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "dim_customer",
        sa.Column("key", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_dim_customer")),
    )
    op.create_index(
        "uq_dim_customer_current",
        "dim_customer",
        ["source", "customer_id"],
        unique=True,
        postgresql_where=sa.text("valid_to is null"),
    )
    op.create_table(
        "dim_product",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("extracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "sku", name=op.f("pk_dim_product")),
    )
    op.create_table(
        "erp_extract",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("items", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", "kind", name=op.f("pk_erp_extract")),
    )
    op.create_table(
        "fact_sale_line",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("shipped", sa.Numeric(), nullable=False),
        sa.Column("returned", sa.Numeric(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("extracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "stage in ('draft', 'open', 'on_hold', 'closed', 'cancelled', 'unknown')",
            name=op.f("ck_fact_sale_line_stage"),
        ),
        sa.PrimaryKeyConstraint("source", "order_id", "position", name=op.f("pk_fact_sale_line")),
    )
    op.create_index(
        "ix_fact_sale_line_customer_id_ordered_on",
        "fact_sale_line",
        ["source", "customer_id", "ordered_on"],
        unique=False,
    )
    op.create_index("ix_fact_sale_line_sku_ordered_on", "fact_sale_line", ["source", "sku", "ordered_on"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_fact_sale_line_sku_ordered_on", table_name="fact_sale_line")
    op.drop_index("ix_fact_sale_line_customer_id_ordered_on", table_name="fact_sale_line")
    op.drop_table("fact_sale_line")
    op.drop_table("erp_extract")
    op.drop_table("dim_product")
    op.drop_index("uq_dim_customer_current", table_name="dim_customer", postgresql_where=sa.text("valid_to is null"))
    op.drop_table("dim_customer")
