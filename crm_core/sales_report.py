"""Figures of sales, in values: each with the number of cases it rests on."""

from dataclasses import dataclass
from datetime import date

from config.sales_files import Sales
from crm_core.reporting import Figure


@dataclass(frozen=True, slots=True)
class SalesQuestion:
    """From `since` until before `until`, in the company's currency."""

    since: date
    until: date
    currency: str
    sales: Sales


@dataclass(frozen=True, slots=True)
class SellerFigures:
    """`owner_id` of the leads. `weighted`: what is open, by the chance of its stage."""

    owner_id: int
    name: str
    won: int
    lost: int
    open: int
    won_amount: float
    weighted: float


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Of leads made in the period: how many ever came to the stage, and what share of those was won."""

    stage: str
    reached: int
    won: Figure


@dataclass(frozen=True, slots=True)
class SalesReport:
    """Days and money; None where there is no case. The ERP's extract holds orders, hence orders and not invoices."""

    customers: int
    orders: int
    revenue: float
    per_customer_mean: float | None
    per_customer_median: float | None
    cycle_n: int
    cycle_p50: float | None
    cycle_p90: float | None
    new_customers: int
    campaign_cost: float
    acquisition_cost: float | None
    sellers: tuple[SellerFigures, ...]
    stages: tuple[StageFigures, ...]
    other_currencies: int  # lines that are not counted
