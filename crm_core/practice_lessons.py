"""Which lessons there are beside the files, who is to take which, and how far everybody is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from config.practice import Lesson
from crm_core import models
from crm_core.access import Action, Reach, Viewer, require_role, sees_practice, trains
from crm_core.cards import without_card_numbers
from crm_core.errors import Forbidden, InvalidInput, NotFound
from crm_core.models_practice import PracticeAssignment, PracticeLesson, PracticeRun
from crm_core.plain_text import is_storable
from crm_core.states import PracticeState

OWN = "own_"  # keys of lessons that were made here; no file may begin so
MOST_COMMENT_CHARACTERS = 4_000
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Trainee:
    """Somebody the viewer may give lessons to."""

    id: int
    name: str
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """To one person or to everybody of a team."""

    id: int
    lesson: str
    user_id: int | None
    team: str | None
    due_on: date | None

    def concerns(self, user_id: int, teams: Iterable[str]) -> bool:
        return self.user_id == user_id or (self.team is not None and self.team in teams)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person is with one lesson; `best_score` and `last_run_id` only once it was finished."""

    trainee: Trainee
    lesson: str
    assignment: Assignment | None = None
    attempts: int = 0
    best_score: int | None = None
    spent_s: int = 0
    last_run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    run_id: int
    lesson: str
    language: str
    state: PracticeState
    score: int | None
    at: datetime
    has_comment: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lesson, for whom, until when."""

    lesson: str
    user_id: int | None = None
    team: str | None = None
    due_on: date | None = None


async def made_lessons(session: AsyncSession) -> dict[str, Lesson]:
    """By key, the newest first."""
    row = PracticeLesson
    statement = select(row.id, row.script).where(row.retired_at.is_(None)).order_by(row.id.desc()).limit(MOST_LISTED)
    found: Iterable[Sequence[Any]] = await session.execute(statement)
    return {f"{OWN}{number}": Lesson.model_validate(script) for number, script in found}


async def keep_lesson(session: AsyncSession, now: datetime, reach: Reach, lesson: Lesson) -> str:
    """Its key. Raises Forbidden."""
    require_role(reach.viewer, Action.SUPERVISE)
    values = {"script": lesson.model_dump(mode="json"), "user_id": reach.viewer.user_id, "created_at": now}
    number = await session.scalar(insert(PracticeLesson).values(**values).returning(PracticeLesson.id))
    return f"{OWN}{number}"


async def retire_lesson(session: AsyncSession, now: datetime, reach: Reach, key: str) -> None:
    """It is no longer offered; what was taken of it stays. Raises Forbidden, NotFound."""
    require_role(reach.viewer, Action.SUPERVISE)
    number = key.removeprefix(OWN)
    if not (key.startswith(OWN) and number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 - bigint
        raise NotFound("There is no such lesson.")
    row = update(PracticeLesson).where(PracticeLesson.id == int(number), PracticeLesson.retired_at.is_(None))
    await session.execute(row.values(retired_at=now))


async def trainees(session: AsyncSession, viewer: Viewer) -> list[Trainee]:
    """By name. Raises Forbidden."""
    require_role(viewer, Action.TRAIN)
    user = models.User
    statement = select(user.id, user.name, user.teams).where(user.disabled_at.is_(None)).order_by(func.lower(user.name))
    rows: Iterable[Sequence[Any]] = await session.execute(statement)
    return [Trainee(number, name, tuple(teams)) for number, name, teams in rows if trains(viewer, teams)]


async def assign(session: AsyncSession, now: datetime, reach: Reach, wanted: Wanted) -> None:
    """Raises Forbidden for people or teams that are not the viewer's to train."""
    viewer = reach.viewer
    people = await trainees(session, viewer)
    is_theirs = wanted.user_id in {one.id for one in people} if wanted.user_id is not None else False
    if wanted.team is not None:
        is_theirs = trains(viewer, [wanted.team])
    if not is_theirs:
        raise Forbidden("You may give lessons to the people of your teams.")
    row = PracticeAssignment
    same = (row.lesson == wanted.lesson, row.user_id.is_not_distinct_from(wanted.user_id))
    held = await session.scalar(select(row.id).where(*same, row.team.is_not_distinct_from(wanted.team)).limit(1))
    if held is not None:
        await session.execute(update(row).where(row.id == held).values(due_on=wanted.due_on))
        return
    values = {"lesson": wanted.lesson, "user_id": wanted.user_id, "team": wanted.team, "due_on": wanted.due_on}
    await session.execute(insert(row).values(**values, assigned_by=viewer.user_id, at=now))


async def withdraw(session: AsyncSession, reach: Reach, assignment_id: int) -> None:
    """Raises Forbidden, NotFound."""
    people = {one.id for one in await trainees(session, reach.viewer)}
    row = await session.get(PracticeAssignment, assignment_id)
    if row is None or not (row.user_id in people if row.user_id else trains(reach.viewer, [row.team or ""])):
        raise NotFound("There is no such assignment.")
    await session.delete(row)
    await session.flush()


async def assignments(session: AsyncSession) -> list[Assignment]:
    """All; the caller shows those of whom the viewer may see."""
    row = PracticeAssignment
    columns = (row.id, row.lesson, row.user_id, row.team, row.due_on)
    rows: Iterable[Sequence[Any]] = await session.execute(select(*columns).order_by(row.due_on.nulls_last(), row.id))
    return [Assignment(*each) for each in rows]


async def own_progress(session: AsyncSession, viewer: Viewer) -> list[Progress]:
    """Of the viewer: what was given to them, and what they took by themselves."""
    own = Trainee(viewer.user_id, viewer.name, tuple(viewer.teams))
    return await _progress(session, [own])


async def team_progress(session: AsyncSession, viewer: Viewer) -> list[Progress]:
    """Of everybody the viewer trains. Raises Forbidden."""
    return await _progress(session, await trainees(session, viewer))


async def _progress(session: AsyncSession, people: Sequence[Trainee]) -> list[Progress]:
    run = PracticeRun
    spent = func.sum(func.extract("epoch", run.finished_at - run.accepted_at))
    statement = (
        select(run.user_id, run.lesson, func.count(), func.max(run.score), spent, func.max(run.id))
        .where(run.state == PracticeState.FINISHED, run.user_id.in_([one.id for one in people]))
        .group_by(run.user_id, run.lesson)
    )
    rows: Iterable[Sequence[Any]] = await session.execute(statement)
    taken = {(user_id, lesson): rest for user_id, lesson, *rest in rows}
    given = await assignments(session)
    return [each for one in people for each in _of_person(one, given, taken)]


def _of_person(
    person: Trainee, given: Sequence[Assignment], taken: dict[tuple[int, str], list[Any]]
) -> list[Progress]:  # fmt: skip
    """Each lesson once: of two assignments the one that is due first."""
    own: dict[str, Assignment | None] = {}
    for each in given:
        if each.concerns(person.id, person.teams):
            own.setdefault(each.lesson, each)
    for user_id, lesson in taken:
        if user_id == person.id:
            own.setdefault(lesson, None)
    return [_one(person, lesson, each, taken.get((person.id, lesson))) for lesson, each in own.items()]


def _one(person: Trainee, lesson: str, given: Assignment | None, taken: list[Any] | None) -> Progress:
    if taken is None:
        return Progress(person, lesson, given)
    attempts, best, spent_s, last = taken
    return Progress(person, lesson, given, attempts, best, int(spent_s or 0), last)


async def attempts_of(session: AsyncSession, viewer: Viewer) -> list[Attempt]:
    """The viewer's own, newest first."""
    run = PracticeRun
    columns = (run.id, run.lesson, run.language, run.state, run.score, run.started_at, run.comment.is_not(None))
    own = or_(run.state == PracticeState.FINISHED, run.state.in_((PracticeState.OFFERED, PracticeState.ACTIVE)))
    statement = select(*columns).where(run.user_id == viewer.user_id, own).order_by(run.id.desc()).limit(MOST_LISTED)
    rows: Iterable[Sequence[Any]] = await session.execute(statement)
    return [
        Attempt(number, lesson, language, PracticeState(state), score, at, has_comment)
        for number, lesson, language, state, score, at, has_comment in rows
    ]


async def comment_run(session: AsyncSession, reach: Reach, run_id: int, text: str) -> None:
    """What who trains says of an attempt. Raises Forbidden, NotFound, InvalidInput."""
    require_role(reach.viewer, Action.TRAIN)
    user, run = models.User, PracticeRun
    found = (
        await session.execute(
            select(run.user_id, user.teams).join(user, user.id == run.user_id).where(run.id == run_id)
        )
    ).one_or_none()
    if found is None or not sees_practice(reach.viewer, found.user_id, found.teams):
        raise NotFound("There is no such lesson.")
    said = text.strip()
    if len(said) > MOST_COMMENT_CHARACTERS or not is_storable(said):
        raise InvalidInput(f"Write a comment of at most {MOST_COMMENT_CHARACTERS} characters.")
    values = {"comment": without_card_numbers(said) or None, "commented_by": reach.viewer.user_id}
    await session.execute(update(run).where(run.id == run_id).values(**values))
