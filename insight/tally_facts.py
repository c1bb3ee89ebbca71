"""Facts added up in plain Python: the readable twin of the SQL, and what it is tested against."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from crm_core.hours import BusinessHours
from insight.facts import RECONTACT, ConversationFact, Facts, RunFact, SegmentFact
from insight.tally import Spread, Tally, spread_of

SHORT_S = 5.0  # whoever gives up sooner hardly waited
SATISFIED = 4  # of 5: the top two boxes
Item = TypeVar("Item")
Asked = tuple[datetime, float]  # now, and the T of the service level in seconds


def line_tally(segments: Sequence[SegmentFact], asked: Asked) -> Tally:
    as_of, within_s = asked
    answered = [each for each in segments if each.answered_at is not None and each.callback_at is None]
    left = [each for each in segments if each.left_at is not None]
    waiting = [each for each in segments if _is_waiting(each)]
    elsewhere = [each for each in segments if _is_unanswered(each) and each.left_at is None and each.ended_at]
    callbacks = [each for each in segments if each.callback_at is not None]
    counts = {
        "offered": len(segments), "answered": len(answered), "abandoned": len(left), "callbacks": len(callbacks),
        "elsewhere": len(elsewhere), "waiting": len(waiting),
        "waiting_late": _count(waiting, lambda each: _passed_s(each, as_of) > within_s),
        "soon": _count(answered, lambda each: _passed_s(each, each.answered_at) <= within_s),
        "short": _count(left, lambda each: _passed_s(each, each.left_at) < SHORT_S),
        "gone_soon": _count(left, lambda each: _passed_s(each, each.left_at) <= within_s),
        "callback_soon": _count(callbacks, lambda each: _passed_s(each, each.callback_at) <= within_s),
        "taken": _count(segments, lambda each: each.answered_at is not None),
        "transferred": _count(segments, lambda each: each.is_transferred),
        "offers": sum(each.offers for each in segments), "declines": sum(each.declines for each in segments),
        "kept": _count(answered, _is_kept),
        "promised": _count(segments, lambda each: _is_decided(each, as_of)),
    }  # fmt: skip
    return Tally(counts, _line_spreads(segments, answered))


def _line_spreads(segments: Sequence[SegmentFact], answered: Sequence[SegmentFact]) -> dict[str, Spread]:
    return {
        "wait": spread_of(_passed_s(each, each.answered_at) for each in answered),
        "handle": spread_of(
            (each.ended_at - each.answered_at).total_seconds()
            for each in segments
            if each.ended_at is not None and each.answered_at is not None
        ),
        "error": spread_of(
            abs(_passed_s(each, each.answered_at) - each.p50_s) for each in answered if each.p50_s is not None
        ),
    }


def _passed_s(segment: SegmentFact, until: datetime | None) -> float:
    return ((until or segment.queued_at) - segment.queued_at).total_seconds()


def _is_unanswered(segment: SegmentFact) -> bool:
    return segment.answered_at is None and segment.callback_at is None


def _is_waiting(segment: SegmentFact) -> bool:
    return _is_unanswered(segment) and segment.left_at is None and segment.ended_at is None


def _is_kept(segment: SegmentFact) -> bool:
    return segment.p80_s is not None and _passed_s(segment, segment.answered_at) <= segment.p80_s


def _is_decided(segment: SegmentFact, as_of: datetime) -> bool:
    """Answered; or not, when it is certain already that the promise was broken."""
    if segment.p80_s is None or segment.callback_at is not None:
        return False
    until = segment.answered_at or segment.left_at or segment.ended_at or as_of
    return segment.answered_at is not None or _passed_s(segment, until) > segment.p80_s


def run_tally(runs: Sequence[RunFact], hours: Mapping[str, BusinessHours] | None = None) -> Tally:
    """`hours`: when each queue is open; one without is always."""
    first, later = [run for run in runs if run.is_first], [run for run in runs if not run.is_first]
    counts = {
        "first_pending": _count(first, _is_pending), "first_never": _count(first, lambda run: run.is_over),
        "next_pending": _count(later, _is_pending), "next_never": _count(later, lambda run: run.is_over),
    }  # fmt: skip
    open_at = hours or {}
    return Tally(counts, {
        "first": _replied(first), "next": _replied(later),
        "first_open": _replied_open(first, open_at), "next_open": _replied_open(later, open_at),
    })  # fmt: skip


def _is_pending(run: RunFact) -> bool:
    return run.replied_at is None and not run.is_over


def _replied(runs: Iterable[RunFact]) -> Spread:
    return spread_of((run.replied_at - run.since).total_seconds() for run in runs if run.replied_at is not None)


def _replied_open(runs: Iterable[RunFact], hours: Mapping[str, BusinessHours]) -> Spread:
    return spread_of(_open_s(run, run.replied_at, hours) for run in runs if run.replied_at is not None)


def _open_s(run: RunFact, until: datetime, hours: Mapping[str, BusinessHours]) -> float:
    known = hours.get(run.about.queue or "")
    return (until - run.since).total_seconds() if known is None else known.seconds_between(run.since, until)


def conversation_tally(
    conversations: Sequence[ConversationFact], human_at: Mapping[int, Sequence[datetime]], as_of: datetime
) -> Tally:
    """`human_at`: when each contact entered a line, whatever the conversation."""
    human = [each for each in conversations if each.is_human]
    bot = [each for each in conversations if each.has_bot]
    alone = [each for each in bot if not each.is_human]
    strict = [each for each in alone if each.closed_at is not None and not _came_back(each, human_at)]
    surveyed = [each for each in conversations if each.survey_at is not None]
    counts = {
        "human": len(human), "human_open": _count(human, lambda each: each.is_open and each.first_solved_at is None),
        "reopens": sum(each.reopens for each in human), "bot": len(bot), "lenient": len(alone), "strict": len(strict),
        "provisional": _count(strict, lambda each: each.closed_at is not None and each.closed_at + RECONTACT > as_of),
        "surveyed": len(surveyed), "rated": _count(surveyed, lambda each: each.score is not None),
        "satisfied": _count(surveyed, lambda each: each.score is not None and each.score >= SATISFIED),
    }  # fmt: skip
    spreads = {
        "solved_first": spread_of(_lasted_s(each, each.first_solved_at) for each in human if each.first_solved_at),
        "solved_last": spread_of(_lasted_s(each, each.last_solved_at) for each in human if each.last_solved_at),
    }
    return Tally(counts, spreads)


def _came_back(conversation: ConversationFact, human_at: Mapping[int, Sequence[datetime]]) -> bool:
    """The person was in a line for a human within a day of the bot's goodbye."""
    closed_at, contact = conversation.closed_at, conversation.contact_id
    if closed_at is None or contact is None:
        return False
    return any(closed_at <= at <= closed_at + RECONTACT for at in human_at.get(contact, ()))


def _lasted_s(conversation: ConversationFact, until: datetime) -> float:
    return (until - conversation.opened_at).total_seconds()


def by_contact(facts: Facts) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = {}
    for contact_id, at in facts.human_at:
        found.setdefault(contact_id, []).append(at)
    return found


def _count(items: Iterable[Item], holds: Callable[[Item], bool]) -> int:
    return sum(1 for item in items if holds(item))
