"""Figures of the warehouse as a person reads them in a terminal."""

from collections.abc import Iterator

from bot.insight_questions import Answer, Days
from crm_core.reporting import Dimension, Figure, Figures, Question, Report
from desk.report_views import COLUMNS, seconds, shown_value
from desk.words import Words
from insight.history import told

NAME_WIDTH, CELL_WIDTH = 40, 14


def answer_text(answer: Answer, words: Words) -> str:
    how = "exact" if answer.source == "facts" else "quantiles within 19 %, the rest exact (--exact for all)"
    lines = [
        f"{_head(answer.days, answer.question)}, {how}",
        "",
        *_table(answer.now, answer.before, answer.question, words),
    ]
    return "\n".join(lines)


def report_text(report: Report, given: tuple[Days, Question], by: Dimension, words: Words) -> str:
    """Everything together, then each value of one dimension, then why the bot handed over."""
    days, question = given
    lines = [_head(days, question), ""]
    if not report.now["offered"].n and not report.now["containment_strict"].n:
        return "\n".join([*lines, f"{words('reports.empty')}. {words('reports.empty_hint')}"])
    lines += _table(report.now, report.before, question, words)
    lines += ["", words(f"reports.by.{by}"), *_groups(report, by, question, words)]
    if report.reasons:
        lines += ["", "Handed over because", *(f"  {reason or '–':<38}{n:>8}" for reason, n in report.reasons.items())]
    return "\n".join(lines)


def _head(days: Days, question: Question) -> str:
    only = "".join(f", {dimension} {value}" for dimension, value in question.only.items())
    return f"{days.first} – {days.last} ({question.zone}){only}, as of {question.as_of:%Y-%m-%d %H:%M} UTC"


def _table(now: Figures, before: Figures, question: Question, words: Words) -> Iterator[str]:
    yield _line("", ("now", "n", "95 %", "undecided", "before"))
    for key, figure in told(now).items():
        earlier = before.get(key)
        known = shown_value(earlier.value, earlier.unit, words) if earlier else ""
        yield _line(_name(key, question, words), (*_cells(figure, words), known))


def _cells(figure: Figure, words: Words) -> tuple[str, ...]:
    interval = ""
    if figure.low is not None and figure.high is not None:
        interval = "…".join(shown_value(bound, figure.unit, words) for bound in (figure.low, figure.high))
    value = shown_value(figure.value, figure.unit, words)
    return (value, str(figure.n), interval, str(figure.pending or ""))


def _groups(report: Report, by: Dimension, question: Question, words: Words) -> Iterator[str]:
    columns = [key for key in COLUMNS if key in told(report.now)]
    yield _line("", [_name(key, question, words)[: CELL_WIDTH - 1] for key in columns])
    for value, figures in sorted(report.groups[by].items()):
        found = (figures[key] for key in columns)
        yield _line(value, [shown_value(figure.value, figure.unit, words) for figure in found])


def _name(key: str, question: Question, words: Words) -> str:
    return words(f"reports.figures.{key}", limit=seconds(question.within_s, words))


def _line(name: str, cells: list[str] | tuple[str, ...]) -> str:
    return f"{name:<{NAME_WIDTH}}" + "".join(f"{cell:>{CELL_WIDTH}}" for cell in cells)
