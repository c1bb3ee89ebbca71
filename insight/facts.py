"""Events of one conversation after the other, made into facts. The same rules stand in SQL in `facts_sql.py`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from crm_core.contracts import Json
from crm_core.events import Event, EventKind

UNSOLVED = frozenset({"spam", "no_answer"})  # dispositions with which nothing was solved
RECONTACT = timedelta(hours=24)
TAKES = frozenset({EventKind.ASSIGNED, EventKind.RESUMED})
LETS_GO = frozenset({
    EventKind.CLOSED, EventKind.TRANSFERRED, EventKind.ABANDONED, EventKind.SNOOZED, EventKind.QUEUED,
    EventKind.REOPENED,
})  # fmt: skip
Moment = tuple[datetime, Event]


@dataclass(frozen=True, slots=True)
class About:
    """What a conversation can be grouped by; `queue` and `agent` are the last ones."""

    queue: str | None
    channel: str | None
    language: str | None
    intent: str | None
    agent: str | None


@dataclass(frozen=True, slots=True)
class SegmentFact:
    """One time in line. `ended_at`: closed or handed on, answered or not."""

    conversation_id: int
    about: About
    queued_at: datetime
    answered_at: datetime | None
    left_at: datetime | None
    ended_at: datetime | None
    is_transferred: bool
    callback_at: datetime | None
    offers: int
    declines: int
    p50_s: float | None
    p80_s: float | None


@dataclass(frozen=True, slots=True)
class RunFact:
    """The customer wrote or was handed over, and a person replied, or not yet. `is_first`: counted from the handoff."""

    about: About
    since: datetime
    replied_at: datetime | None
    is_first: bool
    is_over: bool  # the conversation ended without a reply


@dataclass(frozen=True, slots=True)
class ConversationFact:
    """A whole conversation. `is_human`: it was once in a line."""

    about: About
    contact_id: int | None
    opened_at: datetime
    first_solved_at: datetime | None
    last_solved_at: datetime | None
    closed_at: datetime | None
    reopens: int
    is_open: bool
    is_human: bool
    has_bot: bool
    survey_at: datetime | None
    score: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    segments: tuple[SegmentFact, ...]
    runs: tuple[RunFact, ...]
    conversations: tuple[ConversationFact, ...]
    human_at: tuple[tuple[int, datetime], ...]  # contact, and when they entered a line


def facts_of(moments: Iterable[Moment]) -> Facts:
    """Of any events; those that concern no conversation are passed over. The order of equal times is kept."""
    told = sorted((each for each in moments if each[1].conversation_id is not None), key=_conversation_then_time)
    segments: list[SegmentFact] = []
    runs: list[RunFact] = []
    conversations: list[ConversationFact] = []
    for _, group in groupby(told, key=lambda each: each[1].conversation_id):
        story = list(group)
        segments += _segments(story)
        runs += _runs(story)
        conversations += _conversation(story)
    entered = tuple(
        (event.contact_id, at) for at, event in told if event.kind is EventKind.QUEUED and event.contact_id is not None
    )
    return Facts(tuple(segments), tuple(runs), tuple(conversations), entered)


def _conversation_then_time(moment: Moment) -> tuple[int, datetime]:
    return moment[1].conversation_id or 0, moment[0]


def _first(story: Sequence[Moment], *kinds: EventKind) -> Moment | None:
    return next((each for each in story if each[1].kind in kinds), None)


def _at(found: Moment | None) -> datetime | None:
    return found[0] if found else None


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _last_said(story: Sequence[Moment], key: str, *kinds: EventKind) -> str | None:
    said = (event.data.get(key) for _, event in reversed(story) if event.kind in kinds)
    return _text(next((value for value in said if value is not None), None))


def _about(story: Sequence[Moment]) -> About:
    return About(
        queue=_last_said(story, "queue", EventKind.QUEUED),
        channel=_last_said(story, "channel", EventKind.CONVERSATION_OPENED),
        language=_last_said(story, "language", EventKind.INTENT_RECOGNISED, EventKind.QUEUED),
        intent=_last_said(story, "intent", EventKind.INTENT_RECOGNISED, EventKind.HANDOFF_REQUESTED),
        agent=_last_said(story, "agent_id", EventKind.ASSIGNED),
    )


def _segments(story: Sequence[Moment]) -> Iterator[SegmentFact]:
    starts = [number for number, (_, event) in enumerate(story) if event.kind is EventKind.QUEUED]
    whole = _about(story)
    for start, end in pairwise([*starts, len(story)]):
        yield _segment(story[start:end], whole)


def _segment(part: Sequence[Moment], whole: About) -> SegmentFact:
    queued_at, queued = part[0]
    assigned, ended = _first(part, EventKind.ASSIGNED), _first(part, EventKind.CLOSED, EventKind.TRANSFERRED)
    promised = _first(part, EventKind.WAIT_ESTIMATED)
    agent = _text(assigned[1].data.get("agent_id")) if assigned else None
    kinds = [event.kind for _, event in part]
    return SegmentFact(
        queued.conversation_id or 0,
        About(_text(queued.data.get("queue")), whole.channel, whole.language, whole.intent, agent),
        queued_at, _at(assigned), _at(_first(part, EventKind.ABANDONED)), _at(ended),
        is_transferred=assigned is not None and ended is not None and ended[1].kind is EventKind.TRANSFERRED,
        callback_at=_at(_first(part, EventKind.CALLBACK_REQUESTED)),
        offers=kinds.count(EventKind.OFFERED), declines=kinds.count(EventKind.DECLINED),
        p50_s=_number(promised, "p50_s"), p80_s=_number(promised, "p80_s"),
    )  # fmt: skip


def _number(found: Moment | None, key: str) -> float | None:
    value = found[1].data.get(key) if found else None
    return float(value) if isinstance(value, int | float) else None


def _runs(story: Sequence[Moment]) -> Iterator[RunFact]:
    """From the first time in line; then from each first message after a reply."""
    about = _about(story)
    start = next((number for number, (_, event) in enumerate(story) if event.kind is EventKind.QUEUED), None)
    if start is None:
        return
    yield _run(story[start:], about, is_first=True)
    replied = False
    for number, (_, event) in enumerate(story[start:], start):
        if event.kind is EventKind.AGENT_REPLIED:
            replied = True
        elif event.kind is EventKind.MESSAGE_RECEIVED and replied:
            replied = False
            yield _run(story[number:], about, is_first=False)


def _run(rest: Sequence[Moment], about: About, *, is_first: bool) -> RunFact:
    replied_at = _at(_first(rest[1:], EventKind.AGENT_REPLIED))
    over = _first(rest[1:], EventKind.CLOSED, EventKind.ABANDONED)
    return RunFact(about, rest[0][0], replied_at, is_first, is_over=replied_at is None and over is not None)


def _conversation(story: Sequence[Moment]) -> Iterator[ConversationFact]:
    opened = _first(story, EventKind.CONVERSATION_OPENED)
    if opened is None:
        return
    closed = [(at, event) for at, event in story if event.kind is EventKind.CLOSED]
    solved = [at for at, event in closed if event.data.get("disposition") not in UNSOLVED]
    ends = (EventKind.CLOSED, EventKind.ABANDONED, EventKind.REOPENED, EventKind.QUEUED)
    last = [event.kind for _, event in story if event.kind in ends][-1:]
    score = _last_said(story, "score", EventKind.SURVEY_ANSWERED)
    yield ConversationFact(
        _about(story), opened[1].contact_id, opened[0], solved[0] if solved else None, solved[-1] if solved else None,
        closed[-1][0] if closed else None,
        reopens=sum(event.kind is EventKind.REOPENED for _, event in story),
        is_open=last not in ([EventKind.CLOSED], [EventKind.ABANDONED]),
        is_human=_first(story, EventKind.QUEUED, EventKind.ASSIGNED) is not None,
        has_bot=_first(story, EventKind.INTENT_RECOGNISED, EventKind.BOT_REPLIED) is not None,
        survey_at=_at(_first(story, EventKind.SURVEY_SENT)), score=int(score) if score else None,
    )  # fmt: skip
