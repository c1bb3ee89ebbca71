"""Runs of a lesson: offered, accepted, answered, resolved, judged. Nothing here writes an event or a conversation."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_skeleton
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from config.practice import BLANK, DAY, Answer, Lesson
from crm_core import models
from crm_core.access import Reach, sees_practice
from crm_core.cards import without_card_numbers
from crm_core.contracts import JsonObject
from crm_core.errors import IllegalTransition, InvalidInput, NotFound
from crm_core.models_practice import PracticeEntry, PracticeRun
from crm_core.plain_text import is_storable
from crm_core.practice_judging import (
    Check,
    ItemScore,
    Reaction,
    Recognise,
    Said,
    Story,
    Timed,
    Times,
    Verdict,
    checks_of,
    reaction_to,
    verdict_of,
)
from crm_core.states import Author, PracticeState, Visibility

MOST_CHARACTERS = 10_000
BETWEEN_LINES = timedelta(seconds=40)
_UNDER_WAY = (PracticeState.OFFERED, PracticeState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    said: Said


@dataclass(frozen=True, slots=True)
class Run:
    """As its agent, or who trains them, may see it. `entries` are those that were said by now."""

    id: int
    user_id: int
    user_name: str
    lesson_key: str
    lesson: Lesson
    language: str
    day: date
    state: PracticeState
    step: str | None
    started_at: datetime
    accepted_at: datetime | None
    finished_at: datetime | None
    disposition: str | None
    verdict: Verdict | None
    comment: str | None
    entries: tuple[Entry, ...]
    is_typing: bool

    @property
    def offered_until(self) -> datetime:
        return self.started_at + timedelta(seconds=self.lesson.targets.accept_s)


@dataclass(frozen=True, slots=True)
class Opening:
    """A lesson to be taken: under which key it is listed, in which language, on which day."""

    key: str
    lesson: Lesson
    language: str
    day: date


@dataclass(frozen=True, slots=True)
class Trainee:
    """Who practises, when, and what recognises values in what they write."""

    now: datetime
    reach: Reach
    recognise: Recognise


@dataclass(frozen=True, slots=True)
class Answered:
    """What an agent wrote; `macro` is the one it was written with."""

    text: str
    visibility: Visibility = Visibility.PUBLIC
    macro: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    disposition: str
    last_words: Answered | None = None


def told_on(text: str, day: date, language: str) -> str:
    """With its days written out: `{day+2}` becomes “28 November”."""

    def written(blank: re.Match[str]) -> str:
        shift = DAY.fullmatch(blank[1])
        at = day + timedelta(days=int(shift[1])) if shift else day
        return str(format_skeleton("MMMMd", at, locale=language if language != "en" else "en_GB"))

    return BLANK.sub(written, text)


async def start_run(session: AsyncSession, now: datetime, reach: Reach, opening: Opening) -> int:
    """The customer waits from now on; what was still open of this person is left. Raises InvalidInput."""
    lesson, language = opening.lesson, opening.language
    if language not in lesson.languages:
        raise InvalidInput("The lesson is not there in this language.")
    run, viewer = PracticeRun, reach.viewer
    still_open = update(run).where(run.user_id == viewer.user_id, run.state.in_(_UNDER_WAY))
    await session.execute(still_open.values(state=PracticeState.LEFT, finished_at=now))
    first = lesson.steps[0]
    row = insert(run).values(
        user_id=viewer.user_id, lesson=opening.key, script=lesson.model_dump(mode="json"), language=language,
        day=opening.day, state=PracticeState.OFFERED, step=first.key, branches=[], started_at=now,
    )  # fmt: skip
    run_id = int(await session.scalar(row.returning(run.id)) or 0)
    lines: list[tuple[str, str, str | None]] = [(line.by, line.text[language], None) for line in lesson.before]
    lines.append((Author.CONTACT, first.says[language], first.key))
    said = [
        Said(now - BETWEEN_LINES * ago, by, Visibility.PUBLIC, step, told_on(text, opening.day, language))
        for ago, (by, text, step) in zip(reversed(range(len(lines))), lines, strict=True)
    ]
    await _say(session, run_id, said)
    return run_id


async def accept_run(session: AsyncSession, now: datetime, reach: Reach, run_id: int) -> None:
    """Late is late, but not too late. Raises NotFound, IllegalTransition."""
    run = await _own(session, reach, run_id, PracticeState.OFFERED)
    run.state, run.accepted_at = PracticeState.ACTIVE, now
    await session.flush()


async def leave_run(session: AsyncSession, now: datetime, reach: Reach, run_id: int) -> None:
    """It counts for nothing. Raises NotFound, IllegalTransition."""
    run = await _own(session, reach, run_id, *_UNDER_WAY)
    run.state, run.finished_at = PracticeState.LEFT, now
    await session.flush()


async def answer(session: AsyncSession, trainee: Trainee, run_id: int, written: Answered) -> None:
    """The customer reacts to it. Raises NotFound, IllegalTransition, InvalidInput."""
    run = await _own(session, trainee.reach, run_id, PracticeState.ACTIVE)
    await _answer(session, trainee, run, written)


async def _answer(session: AsyncSession, trainee: Trainee, run: PracticeRun, written: Answered) -> None:
    text = written.text.strip()
    if not text or len(text) > MOST_CHARACTERS or not is_storable(text):
        raise InvalidInput("Write something first.")
    own = Said(trainee.now, Author.AGENT, written.visibility, run.step, without_card_numbers(text), written.macro)
    await _say(session, run.id, [own])
    lesson = Lesson.model_validate(run.script)
    step = lesson.step(run.step) if run.step else None
    is_for_step = step is not None and (step.answer is Answer.NOTE) == (written.visibility == Visibility.INTERNAL)
    if step is None or not is_for_step:
        return
    said = [entry.said for entry in await _entries(session, run.id)]
    story = Story(lesson, run.language, run.day, trainee.recognise)
    reaction = reaction_to(lesson, step, checks_of(story, step, said), run.branches)
    await _react(session, trainee.now, run, reaction)


async def _react(session: AsyncSession, now: datetime, run: PracticeRun, reaction: Reaction) -> None:
    at = now + timedelta(seconds=reaction.delay_s)
    texts = [told_on(said[run.language], run.day, run.language) for said in reaction.says]
    step = reaction.step or run.step
    await _say(session, run.id, [Said(at, Author.CONTACT, Visibility.PUBLIC, step, text) for text in texts])
    run.step = reaction.step
    if reaction.branch is not None:
        run.branches = [*run.branches, reaction.branch]
    await session.flush()


async def resolve_run(session: AsyncSession, trainee: Trainee, run_id: int, ending: Ending) -> None:
    """The end, and the judging. Raises NotFound, IllegalTransition, InvalidInput."""
    run, now = await _own(session, trainee.reach, run_id, PracticeState.ACTIVE), trainee.now
    if ending.last_words is not None:
        await _answer(session, trainee, run, ending.last_words)
    said = [entry.said for entry in await _entries(session, run_id)]
    story = Story(Lesson.model_validate(run.script), run.language, run.day, trainee.recognise)
    verdict = verdict_of(story, said, Times(run.started_at, run.accepted_at, now), ending.disposition)
    run.state, run.finished_at, run.disposition = PracticeState.FINISHED, now, ending.disposition
    run.score, run.review = verdict.score, stored_verdict(verdict)
    await session.flush()


def stored_verdict(verdict: Verdict) -> JsonObject:
    return dataclasses.asdict(verdict)


def read_verdict(stored: Mapping[str, Any]) -> Verdict:
    """What `stored_verdict` wrote."""
    return Verdict(
        stored["score"], tuple(ItemScore(**item) for item in stored["items"]),
        tuple(Check(**check) for check in stored["checks"]), tuple(Timed(**timed) for timed in stored["times"]),
        stored["is_right_ending"],
    )  # fmt: skip


async def read_run(session: AsyncSession, now: datetime, reach: Reach, run_id: int) -> Run:
    """Raises NotFound for another's, unless the viewer trains them."""
    user = models.User
    statement = select(PracticeRun, user.name, user.teams).join(user, user.id == PracticeRun.user_id)
    found = (await session.execute(statement.where(PracticeRun.id == run_id))).one_or_none()
    if found is None or not sees_practice(reach.viewer, found[0].user_id, found.teams):
        raise NotFound("There is no such lesson.")
    row, entries = found[0], await _entries(session, run_id)
    told = tuple(entry for entry in entries if entry.said.at <= now)
    return Run(
        row.id, row.user_id, found.name, row.lesson, Lesson.model_validate(row.script), row.language, row.day,
        PracticeState(row.state), row.step, row.started_at, row.accepted_at, row.finished_at, row.disposition,
        read_verdict(row.review) if row.review else None, row.comment, told, len(told) < len(entries),
    )  # fmt: skip


async def _own(session: AsyncSession, reach: Reach, run_id: int, *states: PracticeState) -> PracticeRun:
    """Locked, so that two answers at once are two after each other."""
    statement = select(PracticeRun).where(PracticeRun.id == run_id, PracticeRun.user_id == reach.viewer.user_id)
    run = await session.scalar(statement.with_for_update().execution_options(populate_existing=True))
    if run is None:
        raise NotFound("There is no such lesson.")
    if run.state not in states:
        raise IllegalTransition("This lesson is not at that point.")
    return run


async def _entries(session: AsyncSession, run_id: int) -> list[Entry]:
    entry = PracticeEntry
    columns = (entry.id, entry.at, entry.author, entry.visibility, entry.step, entry.text, entry.macro)
    statement = select(*columns).where(entry.run_id == run_id).order_by(entry.at, entry.id)
    rows: Iterable[Sequence[Any]] = await session.execute(statement)
    return [Entry(number, Said(*rest)) for number, *rest in rows]


async def _say(session: AsyncSession, run_id: int, said: Sequence[Said]) -> None:
    if said:
        await session.execute(insert(PracticeEntry), [{"run_id": run_id, **dataclasses.asdict(one)} for one in said])
