"""What was measured for the five steps, in words: the same for the page and for the print."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from config.five_steps import GOALS, FiveSteps, Goal
from crm_core.reporting import Figure, Period
from crm_core.sentences import Sentence
from crm_core.step_findings import Change, Effect, Findings, Gap, GoalFound
from desk.people import intent_name
from desk.report_views import NOTHING, shown_value
from desk.sentences import shown_value as shown_parameter
from desk.steps_drawings import Paper
from desk.steps_form import UNITS, option_names
from desk.steps_numbers import measured, points, share, spread, whole
from desk.words import Words

MOST_GAPS = 20
LESS_IS_BETTER = frozenset({
    "wait", "first_reply", "resolution", "abandonment", "handling", "cost_of_service", "sales_cycle",
    "acquisition_cost",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A benefit with the figures behind it, or why it is not counted."""

    name: str
    about: str
    before: str
    now: str
    change: str
    worth: str
    refusal: str
    href: str
    before_href: str


@dataclass(frozen=True, slots=True)
class ShownGoal:
    """`tone` says whether the target is met; `verdict` the same in words."""

    key: str
    name: str
    baseline: str
    target: str
    now: str
    effect: str
    verdict: str
    tone: str
    href: str


@dataclass(frozen=True, slots=True)
class ShownGap:
    name: str
    conversations: str
    handed_over: str
    not_understood: str
    came_again: str
    reasons: str
    share: float
    href: str


def shown_changes(found: Findings, steps: FiveSteps, paper: Paper) -> tuple[ShownChange, ...]:
    return tuple(_change(each, found, steps, paper) for each in found.changes)


def _change(each: Change, found: Findings, steps: FiveSteps, paper: Paper) -> ShownChange:
    words = paper.words
    worth = _worth_of(each, steps)
    change = words(f"five_steps.unit.{each.unit}", n=spread(each.delta, words)) if each.delta else NOTHING
    return ShownChange(
        words(f"five_steps.change.{each.key}"), words(f"five_steps.about.{each.key}"), _figure(each.before, words),
        _figure(each.now, words), change, paper.money(worth) if each.delta else NOTHING,
        refusal_text(each.refusal, words), report_href(each.figure, found.now, paper),
        report_href(each.figure, found.before, paper),
    )  # fmt: skip


def _worth_of(each: Change, steps: FiveSteps) -> float:
    worth = {
        "containment": steps.worth.agent_hour, "handling": steps.worth.agent_hour,
        "abandonment": steps.worth.rescued_contact, "retention": steps.worth.customer,
        "campaign": steps.worth.response,
    }  # fmt: skip
    return each.delta.mode * worth[each.key].mode if each.delta else 0.0


def _figure(figure: Figure | None, words: Words) -> str:
    if figure is None or figure.value is None:
        return NOTHING
    return f"{shown_value(figure.value, figure.unit, words)} (n {whole(figure.n, words)})"


def refusal_text(sentence: Sentence | None, words: Words) -> str:
    if sentence is None:
        return ""
    shown = {name: shown_parameter(words, value) for name, value in sentence.parameters.items()}
    return words(f"five_steps.refused.{sentence.key}", **shown)


def report_href(figure: str, period: Period | None, paper: Paper) -> str:
    """The page of reports with the same period: the query behind the figure."""
    if not figure or period is None:
        return ""
    return f"/desk/reports?{urlencode(_days(period, paper))}#figure-{figure}"


def _days(period: Period, paper: Paper) -> dict[str, str]:
    zone = paper.clock.zone
    first, last = period.since.astimezone(zone).date(), (period.until - timedelta(seconds=1)).astimezone(zone).date()
    return {"period": "custom", "from": first.isoformat(), "to": last.isoformat()}


def period_text(period: Period, paper: Paper) -> str:
    days = _days(period, paper)
    clock = paper.clock
    first, last = (
        clock.plain_day(each.astimezone(clock.zone).date())
        for each in (period.since, period.until - timedelta(seconds=1))
    )
    return first if days["from"] == days["to"] else f"{first} – {last}"


def shown_goals(found: Findings, steps: FiveSteps, paper: Paper) -> tuple[ShownGoal, ...]:
    known = {each.key: each for each in found.goals}
    return tuple(
        _goal(known.get(key) or GoalFound(key, UNITS[key], ""), steps.goals.get(key, Goal()), found, paper)  # type: ignore[call-overload]
        for key in GOALS
    )


def _goal(each: GoalFound, written: Goal, found: Findings, paper: Paper) -> ShownGoal:
    words = paper.words
    baseline = written.baseline if each.baseline is None else each.baseline
    now = written.now if each.now is None else each.now
    tone, verdict = _verdict(each.key, now, written.target, words)
    shown = [measured(value, UNITS[each.key], paper.currency, words) for value in (baseline, written.target, now)]
    return ShownGoal(
        each.key, words(f"five_steps.goal.{each.key}"), shown[0], shown[1], shown[2], _effect(each, paper), verdict,
        tone, report_href(each.figure, found.now, paper),
    )  # fmt: skip


def _verdict(key: str, now: float | None, target: float | None, words: Words) -> tuple[str, str]:
    if now is None or target is None:
        return "", ""
    is_met = now <= target if key in LESS_IS_BETTER else now >= target
    return ("ok", words("five_steps.met")) if is_met else ("bad", words("five_steps.not_met"))


def _effect(each: GoalFound, paper: Paper) -> str:
    words = paper.words
    if each.effect is None:
        return refusal_text(each.refusal, words)
    shown = _effect_values(each.effect, each.unit, paper)
    return words("five_steps.effect" if each.effect.is_certain else "five_steps.effect_unclear", **shown)


def _effect_values(effect: Effect, unit: str, paper: Paper) -> Mapping[str, str]:
    values = {"value": effect.value, "low": effect.low, "high": effect.high}
    if unit == "share":
        return {name: points(value, paper.words) for name, value in values.items()}
    return {name: measured(value, unit, paper.currency, paper.words) for name, value in values.items()}


def shown_gaps(found: Findings, paper: Paper) -> tuple[ShownGap, ...]:
    return tuple(_gap(each, found.now, paper) for each in found.gaps[:MOST_GAPS])


def _gap(gap: Gap, period: Period, paper: Paper) -> ShownGap:
    words = paper.words
    days = _days(period, paper)
    query = {"intent": gap.intent, "since": days["from"], "until": days["to"]}
    reasons = (
        f"{words.known(f'reasons.{key}', key.replace('_', ' '))} ({whole(n, words)})" for key, n in gap.reasons.items()
    )
    return ShownGap(
        intent_name(gap.intent, words) if gap.intent else words("five_steps.no_intent"),
        whole(gap.conversations, words),
        _part(gap.handed_over, gap, words), _part(gap.not_understood, gap, words), _part(gap.came_again, gap, words),
        ", ".join(reasons), round(100 * gap.handed_over / max(1, gap.conversations), 1),
        f"/desk/search?{urlencode({name: value for name, value in query.items() if value})}",
    )  # fmt: skip


def _part(count: int, gap: Gap, words: Words) -> str:
    return f"{whole(count, words)} ({share(count / max(1, gap.conversations), words)})"


def totals(steps: FiveSteps, words: Words) -> tuple[tuple[str, str, float], ...]:
    """Of each option: its weighted mean score, and its part of the highest possible; empty while a score is missing."""
    found = []
    for place, name in enumerate(option_names(steps, words)):
        scored = [(each.weight, each.scores[place] if place < len(each.scores) else None)
                  for each in steps.selection.criteria]  # fmt: skip
        weight = sum(each for each, _ in scored)
        missing = not weight or any(score is None for each, score in scored if each)
        mean = 0.0 if missing else sum(each * (score or 0) for each, score in scored) / weight
        text = words("five_steps.unscored") if missing else measured(mean, "number", "", words)
        found.append((name, text, round(mean * 20, 1)))
    return tuple(found)
