"""`python -m bot insight forecast|staff|…`: what the company's past teaches, each with its back-test."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from bot import mining_input as given
from bot.mining_views import Table, plain, text_of
from crm_core.errors import NotEnough, SwitchboardError
from desk.sentences import refusal
from desk.words import Words, read_catalogues
from insight.arrivals import Day
from insight.customers import Conduct
from insight.mining.campaigns import campaign_design, campaign_uplift
from insight.mining.churn import churn, churn_of_sales
from insight.mining.clv import clv
from insight.mining.demand import demand
from insight.mining.findings import Finding
from insight.mining.forecast import forecast_arrivals
from insight.mining.plans import Traffic
from insight.mining.portfolio import portfolio
from insight.mining.price import price
from insight.mining.retention import retention, retention_of_sales
from insight.mining.rows import ItemWeek
from insight.mining.segments import segments
from insight.mining.sheets import read_campaign, read_item_weeks, read_lifetimes, read_outcomes
from insight.mining.staffing import Means, staffing
from insight.queueing import Goal
from insight.roster import HOUR_S

LATE_DAYS = 28
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
Found = tuple[Finding[Any], Table]


@dataclass(frozen=True, slots=True)
class Source:
    """What every command is given."""

    csv: Path | None
    currency: str | None
    zone: str


def _told(work: Callable[..., Found]) -> Callable[..., None]:
    """The options all share; a refusal is one sentence in the reader's language."""

    @click.option("--csv", type=FILE, help="Read this file instead of the database; docs/mining.md has the columns.")
    @click.option("--currency", help="Of the sales to look at, where there are several.")
    @click.option("--zone", default="UTC", show_default=True, help="Time zone of the days, like Europe/Madrid.")
    @click.option("--language", type=click.Choice(["en", "ru", "es"]), default="en", show_default=True)
    @click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
    @wraps(work)
    def command(csv: Path | None, currency: str | None, zone: str, **options: Any) -> None:  # noqa: ANN401 - click
        words: Words = read_catalogues()[options.pop("language")]
        as_json = options.pop("as_json")
        try:
            finding, table = work(Source(csv, currency, zone), **options)
        except NotEnough as error:
            raise click.ClickException(refusal(words, error)) from error
        except SwitchboardError as error:
            raise click.ClickException(str(error)) from error
        except SQLAlchemyError as error:
            raise click.ClickException(f"The database does not answer: {type(error).__name__}.") from error
        click.echo(json.dumps(plain(finding), ensure_ascii=False) if as_json else text_of(words, finding, table))

    return command


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"“{text}” is no day; write it like 2026-11-23.") from error


@click.command("forecast")
@click.option("--on", help="The day, like 2026-11-23; by default the one after the last that is known.")
@_told
def forecast_command(source: Source, on: str | None) -> Found:
    """Contacts of a day, slot by slot."""
    found = _forecast(source, on)
    times = _slots(found.value.expected)
    rows = zip(times, map(round, found.value.expected.counts), found.value.low, found.value.high, strict=True)
    return found, (("from", "expected", "low", "high"), (row for row in rows if row[1] or row[3] > 1))


def _forecast(source: Source, on: str | None) -> Finding[Any]:
    days = given.arrival_days(source.csv, source.zone)
    return forecast_arrivals(days, _day(on) or _following(days))


def _following(days: Sequence[Day]) -> date:
    """The next day of a weekday that has been open of late."""
    opened = {day.date.weekday() for day in days[-LATE_DAYS:] if sum(day.counts) > 0}
    last = days[-1].date if days else given.today()
    later = (last + timedelta(days=each) for each in range(1, 8))
    return next((each for each in later if each.weekday() in opened), last + timedelta(days=1))


def _slots(day: Day) -> list[str]:
    return [(day.opens_at + timedelta(seconds=each * day.slot_s)).strftime("%H:%M") for each in range(len(day.counts))]


@click.command("staff")
@click.option("--on", help="The day, like 2026-11-23; by default the one after the last that is known.")
@click.option("--handle-s", default=240.0, show_default=True, type=click.FloatRange(1), help="Mean handling time.")
@click.option("--patience-s", default=300.0, show_default=True, type=click.FloatRange(1), help="Mean patience.")
@click.option("--share", default=0.8, show_default=True, type=click.FloatRange(0.01, 0.99), help="Answered in time.")
@click.option("--within-s", default=20.0, show_default=True, type=click.FloatRange(0), help="What in time means.")
@click.option("--agent-hours", type=click.FloatRange(1), help="Those there are; without, as few as keep the goal.")
@click.option("--shrinkage", default=0.0, type=click.FloatRange(0, 0.9), help="Share of breaks, training, illness.")
@_told
def staff_command(source: Source, on: str | None, agent_hours: float | None, **options: float) -> Found:
    """People for each hour of a day that is forecast."""
    day = _busy_hours(_forecast(source, on).value.expected)
    traffic = Traffic(day, Conduct(options["handle_s"], options["patience_s"]))
    found = staffing(traffic, Means(Goal(options["share"], options["within_s"]), agent_hours, options["shrinkage"]))
    starts = [day.opens_at + timedelta(hours=hour) for hour in range(len(found.value.people))]
    rows = zip([each.strftime("%H:%M") for each in starts], map(round, traffic.contacts()), found.value.people,
               found.value.on_roster, strict=True)  # fmt: skip
    return found, (("from", "contacts", "people", "on roster"), rows)


def _busy_hours(day: Day) -> Day:
    """Without the hours before the first contact and after the last; nobody is needed then."""
    slots = round(HOUR_S / day.slot_s)
    busy = [index for index, count in enumerate(day.counts) if count >= 0.5]  # noqa: PLR2004 - rounds to a contact
    first, last = (busy[0] // slots * slots, busy[-1] + 1) if busy else (0, len(day.counts))
    return Day(day.opens_at + timedelta(seconds=first * day.slot_s), day.slot_s, day.counts[first:last])


@click.command("segments")
@_told
def segments_command(source: Source) -> Found:
    """Customers by how lately, how often and for how much they bought."""
    known = given.sales(source.csv, source.currency)
    found = segments(known, given.last_day(known))
    return found, (("segment", "customers"), found.value.sizes.items())


@click.command("churn")
@click.option("--outcome", help="The column of --csv that says who left; without, learnt from purchases.")
@click.option("--weeks", default=13, show_default=True, type=click.IntRange(1), help="Silence that means gone.")
@_told
def churn_command(source: Source, outcome: str | None, weeks: int) -> Found:
    """Who is likely to leave."""
    if source.csv is not None and outcome is not None:
        known = given.told(read_outcomes(source.csv, outcome.lower()))
        found = churn(known, known.traits)
    else:
        sales = given.sales(source.csv, source.currency)
        found = churn_of_sales(sales, given.last_day(sales), weeks)
    return found, (("customer", "chance to leave"), ((each.customer, each.chance) for each in found.value.customers))


@click.command("clv")
@click.option("--weeks", default=39, show_default=True, type=click.IntRange(1), help="The horizon.")
@_told
def clv_command(source: Source, weeks: int) -> Found:
    """What customers will order and be worth."""
    known = given.sales(source.csv, source.currency)
    found = clv(known, given.last_day(known), weeks)
    rows = ((each.customer, each.orders, each.spend, each.value, each.alive) for each in found.value.customers)
    return found, (("customer", "orders", "each", "value", "alive"), rows)


@click.command("demand")
@click.option("--plan", type=FILE, help="CSV with item, week, price, promotion of next week; without, as last week.")
@_told
def demand_command(source: Source, plan: Path | None) -> Found:
    """What each article sells next week."""
    known = given.weeks(source.csv, source.currency)
    planned = given.told(read_item_weeks(plan, planned=True)) if plan is not None else _same_again(known)
    found = demand(known, planned)
    rows = (
        (each.item, each.units, each.low, each.high) for each in sorted(found.value.items, key=lambda one: -one.units)
    )
    return found, (("article", "units", "low", "high"), rows)


def _same_again(known: list[ItemWeek]) -> list[ItemWeek]:
    """Last week's prices, without a promotion."""
    last = max((row.week for row in known), default=0)
    return [ItemWeek(row.item, last + 1, 0.0, row.price, 0.0, row.controls) for row in known if row.week == last]


@click.command("price")
@_told
def price_command(source: Source) -> Found:
    """By how much sales fall when a price rises."""
    found = price(given.weeks(source.csv, source.currency))
    rows = ((each.item, each.elasticity, each.interval.low, each.interval.high, each.promotion)
            for each in found.value.items)  # fmt: skip
    return found, (("article", "elasticity", "low", "high", "promotion"), rows)


@click.command("portfolio")
@_told
def portfolio_command(source: Source) -> Found:
    """Which articles bring the money, and which are bought together."""
    found = portfolio(given.sales(source.csv, source.currency))
    rows = ((f"{each.one} + {each.other}", each.together, each.lift, each.later) for each in found.value.pairs)
    return found, (("pair", "orders", "lift", "lift later"), rows)


@click.command("retention")
@click.option("--lifetimes", is_flag=True, help="--csv holds started and ended instead of sales.")
@click.option("--silent-days", default=90, show_default=True, type=click.IntRange(1), help="Silence that means gone.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1), help="The horizon.")
@_told
def retention_command(source: Source, *, lifetimes: bool, silent_days: int, days: int) -> Found:
    """How long customers stay."""
    if lifetimes and source.csv is not None:
        known_lives = given.told(read_lifetimes(source.csv, given.today()))
        found = retention(known_lives, given.today(), days)
    else:
        known = given.sales(source.csv, source.currency)
        found = retention_of_sales(known, given.last_day(known), silent_days, days)
    curve = found.value.survival
    rows = zip(curve.days, curve.share, curve.low, curve.high, curve.watched, strict=True)
    every = max(1, len(curve.days) // 12)
    return found, (("days", "share", "low", "high", "watched"), list(rows)[::every])


@click.command("campaign")
@click.option("--treated", default="treated", show_default=True, help="The column that says who was written to.")
@click.option("--outcome", default="acted", show_default=True, help="The column that says who acted.")
@click.option("--design", nargs=3, type=float, help="Plan one: share that acts anyway, difference to see, people.")
@_told
def campaign_command(source: Source, treated: str, outcome: str, design: tuple[float, float, float] | None) -> Found:
    """What a campaign changed, and in whom; or how many to write to before anybody is."""
    if design is not None:
        rate, effect, people = design
        planned = campaign_design(rate, effect, int(people))
        return planned, (("people per arm",), [(planned.value.per_arm,)])
    if source.csv is None:
        raise click.UsageError("Name the campaign's file with --csv, or plan one with --design RATE EFFECT PEOPLE.")
    found = campaign_uplift(given.told(read_campaign(source.csv, treated.lower(), outcome.lower())))
    return found, (("customer", "more likely by"), found.value.customers)


MINING: tuple[click.Command, ...] = (
    forecast_command, staff_command, segments_command, churn_command, clv_command, demand_command, price_command,
    portfolio_command, retention_command, campaign_command,
)  # fmt: skip
