"""What is asked of the warehouse from the command line, and the answer in one form for text and for JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb

from crm_core.errors import InvalidInput
from crm_core.reporting import Dimension, Figures, Period, Question, Report
from insight.figures import figures_of
from insight.history import merges, read_states, read_whole, told

DEFAULT_DAYS = 28
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day, both inclusive, by the company's clock."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Answer:
    """`source`: `rollups`, whose quantiles are right within their bin, or `facts`."""

    days: Days
    question: Question
    source: str
    now: Figures
    before: Figures


def days_of(first: datetime | None, last: datetime | None, today: date) -> Days:
    """The last four weeks up to yesterday unless told otherwise. Raises InvalidInput for an end before its start."""
    until = last.date() if last else today - timedelta(days=1)
    since = first.date() if first else until - timedelta(days=DEFAULT_DAYS - 1)
    if since > until:
        raise InvalidInput(f"The period ends before it begins: {since} is after {until}.")
    return Days(since, until)


def question_of(days: Days, as_of: datetime, clock: tuple[ZoneInfo, float], only: Mapping[Dimension, str]) -> Question:
    """`clock`: the zone of the days, and the T of the service level in seconds."""
    zone, within_s = clock
    period = Period(
        datetime.combine(days.first, time(), zone), datetime.combine(days.last + timedelta(days=1), time(), zone)
    )
    weeks = (days.last - days.first) // WEEK + 1
    return Question(period, period.earlier(weeks * WEEK), as_of, zone.key, only, within_s)


def answered(warehouse: duckdb.DuckDBPyConnection, days: Days, question: Question, *, exact: bool) -> Answer:
    """From the rollups where they can answer, unless exact figures are wanted."""
    use_states = not exact and all(merges(question, period) for period in (question.period, question.before))
    read = read_states if use_states else read_whole
    now, before = (figures_of(read(warehouse, question, period)) for period in (question.period, question.before))
    return Answer(days, question, "rollups" if use_states else "facts", now, before)


def as_json(answer: Answer) -> dict[str, object]:
    return {
        **head(answer.days, answer.question), "source": answer.source, "figures": plain(answer.now),
        "before": plain(answer.before),
    }  # fmt: skip


def report_as_json(report: Report, days: Days, question: Question) -> dict[str, object]:
    return {
        **head(days, question), "source": "facts", "figures": plain(report.now), "before": plain(report.before),
        "slots": [{"at_s": slot.at_s, "figures": plain(slot.figures)} for slot in report.slots],
        "groups": {
            dimension.value: {value: plain(figures) for value, figures in values.items()}
            for dimension, values in report.groups.items()
        },
        "reasons": dict(report.reasons),
    }  # fmt: skip


def head(days: Days, question: Question) -> dict[str, object]:
    return {
        "from": days.first.isoformat(), "to": days.last.isoformat(), "as_of": question.as_of.isoformat(),
        "zone": question.zone, "within_s": question.within_s,
        "only": {dimension.value: value for dimension, value in question.only.items()},
    }  # fmt: skip


def plain(figures: Figures) -> dict[str, dict[str, object]]:
    return {
        key: {name: value for name, value in asdict(figure).items() if name != "key"}
        for key, figure in told(figures).items()
    }
