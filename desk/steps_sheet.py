"""One sheet with all five steps: what a manager wrote and what was measured, ready to be shown or printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from babel.core import Locale

from config.business import Business
from config.five_steps import FiveSteps
from crm_core.step_findings import Findings
from desk.people import intent_name
from desk.report_views import Reason
from desk.steps_drawings import Paper, tiles, tornado_lines, year_lines
from desk.steps_form import score_lines
from desk.steps_numbers import percent_text, whole
from desk.steps_views import period_text, report_href, shown_changes, shown_gaps, shown_goals, totals
from desk.words import Words, in_language


@dataclass(frozen=True, slots=True)
class Sheet:
    """`intents` are those of the model in service."""

    steps: FiveSteps
    findings: Findings
    paper: Paper
    business: Business
    intents: Sequence[str]


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A channel, a language or an intent: whether it is on, and how many conversations it had."""

    name: str
    is_on: bool
    count: str


def sheet_context(sheet: Sheet) -> dict[str, object]:
    """What the parts of the report need, on the page and in print."""
    found, paper, steps = sheet.findings, sheet.paper, sheet.steps
    words = paper.words
    return {
        "tiles": tiles(found.economics, paper), "year_lines": year_lines(found.economics, paper),
        "tornado": tornado_lines(found.economics, paper), "changes": shown_changes(found, steps, paper),
        "method": words("five_steps.method", draws=whole(found.economics.draws, words), years=steps.terms.years,
                        rate=percent_text(steps.terms.discount_rate, words.locale)),
        "middle": paper.money(found.economics.npv_at_modes), "goals": shown_goals(found, steps, paper),
        "gaps": shown_gaps(found, paper), "opening": _opening(sheet), "steps": steps,
        "totals": totals(steps, words), "scores": score_lines(steps, words),
        "now_text": period_text(found.now, paper),
        "before_text": period_text(found.before, paper) if found.before else words("five_steps.no_baseline"),
        "has_baseline": found.before is not None, "reports_href": report_href("offered", found.now, paper),
        "channels": _channels(sheet), "languages": _languages(sheet), "intents": _intents(sheet),
        "foreign": _foreign(sheet), "unknown": _unknown(sheet),
        "unknown_messages": whole(found.scope.unknown_messages, words), "no_costs": _has_no_costs(steps),
    }  # fmt: skip


def _has_no_costs(steps: FiveSteps) -> bool:
    return all(getattr(steps.costs, name).high == 0 for name in type(steps.costs).model_fields)


def _opening(sheet: Sheet) -> tuple[tuple[str, str], ...]:
    """Each queue with its opening hours, as the calendar has them."""
    words = sheet.paper.words
    calendars = {each.key: each for each in sheet.business.hours.calendars}
    first = next(iter(calendars), "")
    found = []
    for queue in sheet.business.queues.queues:
        calendar = calendars.get(queue.hours or first)
        windows = calendar.windows if calendar else ()
        told = "; ".join(f"{_weekdays(each.days, words)} {each.start:%H:%M}–{each.end:%H:%M}" for each in windows)
        found.append((in_language(queue.name, words.language), told or words("five_steps.always_open")))
    return tuple(found)


def _weekdays(days: Sequence[int], words: Words) -> str:
    """“Mon–Fri”, or each of them."""
    names = words.locale.days["format"]["abbreviated"]
    in_a_row = [*days] == [*range(days[0], days[-1] + 1)] if days else False
    if in_a_row and len(days) > 1:
        return f"{names[days[0]]}–{names[days[-1]]}"
    return ", ".join(names[day] for day in days)


def _channels(sheet: Sheet) -> tuple[ScopeLine, ...]:
    words = sheet.paper.words
    on: set[str] = {inbox.channel for inbox in sheet.business.channels.inboxes}
    names = {key: words(f"channels.{key}") for key in words.section("channels")}
    return _scope_lines(names, on, sheet.findings.scope.channels, words)


def _languages(sheet: Sheet) -> tuple[ScopeLine, ...]:
    words = sheet.paper.words
    names = {key: words(f"languages.{key}") for key in words.section("languages")}
    return _scope_lines(names, {*sheet.business.company.languages}, sheet.findings.scope.languages, words)


def _intents(sheet: Sheet) -> tuple[ScopeLine, ...]:
    words, counts = sheet.paper.words, sheet.findings.scope.intents
    keys = sorted({*sheet.intents, *counts}, key=lambda key: (-counts.get(key, 0), key))
    return _scope_lines({key: intent_name(key, words) for key in keys}, {*sheet.intents}, counts, words)


def _scope_lines(
    names: Mapping[str, str], on: set[str], counts: Mapping[str, int], words: Words
) -> tuple[ScopeLine, ...]:
    return tuple(ScopeLine(name, key in on, whole(counts.get(key, 0), words)) for key, name in names.items())


def _foreign(sheet: Sheet) -> tuple[Reason, ...]:
    words = sheet.paper.words
    names = Locale.parse(words.language).languages
    return _bars({names.get(code, code): n for code, n in sheet.findings.scope.foreign.items()}, words)


def _unknown(sheet: Sheet) -> tuple[tuple[Reason, str], ...]:
    """Each word leads to the conversations it stands in."""
    found = _bars(sheet.findings.scope.unknown, sheet.paper.words)
    return tuple((each, f"/desk/search?{urlencode({'q': each.name})}") for each in found)


def _bars(counts: Mapping[str, int], words: Words) -> tuple[Reason, ...]:
    most = max(counts.values(), default=1)
    return tuple(Reason(name, whole(n, words), round(100 * n / most, 1)) for name, n in counts.items())
