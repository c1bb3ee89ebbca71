"""For who trains: give lessons to people and teams, see how far everybody is, write to them, and retire lessons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from config.practice import Lesson
from crm_core.access import Action, allows, require_role, trains
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput
from crm_core.practice_lessons import (
    OWN,
    Assignment,
    Progress,
    Trainee,
    Wanted,
    assign,
    assignments,
    comment_run,
    retire_lesson,
    team_progress,
    trainees,
    withdraw,
)
from desk.answers import problem_text, route_class
from desk.change import NothingChosen, number_of
from desk.people import Chip
from desk.practice_list import due_chip, title_of
from desk.practice_page import all_lessons
from desk.practice_review import clocked
from desk.quality_page import tone_of
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.views import Option

TEAM, PERSON = "team:", "user:"


class UnreadableDate(InvalidInput):
    code = "unreadable_date"


@dataclass(frozen=True, slots=True)
class ShownProgress:
    name: str
    title: str
    due: Chip | None
    attempts: int
    best: Chip | None
    spent: str
    href: str


@dataclass(frozen=True, slots=True)
class ShownGiven:
    id: int
    title: str
    whom: str
    due: str


@dataclass(frozen=True, slots=True)
class Training:
    """The whole page. `own`: key and title of the lessons made here."""

    lessons: tuple[Option, ...]
    teams: tuple[Option, ...]
    people: tuple[Option, ...]
    given: tuple[ShownGiven, ...]
    progress: tuple[ShownProgress, ...]
    own: tuple[Option, ...]
    may_make: bool


def training_routes(desk: Desk) -> APIRouter:
    """The core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/training")
    async def show(request: Request) -> Response:
        return await _page(desk, await require_reader(desk, request))

    @router.post("/desk/training")
    async def give(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.TRAIN)
        try:
            async with unit_of_work(desk.services.sessions) as session:
                wanted = _wanted(fields, await all_lessons(desk, session))
                await assign(session, reader.now, reader.reach, wanted)
        except (Conflict, InvalidInput) as error:
            return await _page(desk, reader, problem_text(reader.words, error), error.status)
        return RedirectResponse("/desk/training", 303)

    @router.post("/desk/training/withdraw")
    async def take_back(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await withdraw(session, reader.reach, number_of(fields, "assignment"))
        return RedirectResponse("/desk/training", 303)

    @router.post("/desk/training/retire")
    async def retire(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await retire_lesson(session, reader.now, reader.reach, fields.get("lesson", ""))
        return RedirectResponse("/desk/training", 303)

    @router.post("/desk/training/runs/{run_id}")
    async def comment(request: Request, run_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await comment_run(session, reader.reach, run_id, fields.get("comment", "").replace("\r\n", "\n"))
        return RedirectResponse(f"/desk/practice/{run_id}", 303)

    return router


def _wanted(fields: Mapping[str, str], lessons: Mapping[str, Lesson]) -> Wanted:
    """Raises NothingChosen, UnreadableDate."""
    lesson, whom, until = fields.get("lesson", ""), fields.get("whom", ""), fields.get("until", "").strip()
    if lesson not in lessons:
        raise NothingChosen("Choose a lesson.")
    try:
        due_on = date.fromisoformat(until) if until else None
    except ValueError as error:
        raise UnreadableDate("Write the day like 2026-11-23.") from error
    if whom.startswith(TEAM):
        return Wanted(lesson, team=whom.removeprefix(TEAM), due_on=due_on)
    user_id = number_of({"user": whom.removeprefix(PERSON)}, "user")
    if not user_id:
        raise NothingChosen("Choose a person or a team.")
    return Wanted(lesson, user_id, due_on=due_on)


async def _page(desk: Desk, reader: Reader, sentence: str = "", status: int = 200) -> Response:
    """Raises Forbidden."""
    async with unit_of_work(desk.services.sessions) as session:
        people = await trainees(session, reader.viewer)
        lessons = await all_lessons(desk, session)
        given = await assignments(session)
        progress = await team_progress(session, reader.viewer)
    shown = _training(reader, lessons, people, given, progress)
    html = desk.pages.render(
        "training.html", reader.words, menu=menu(reader, "training"), csrf=reader.csrf_token, shown=shown,
        sentence=sentence, wide=True,
    )  # fmt: skip
    return HTMLResponse(html, status)


def _training(
    reader: Reader, lessons: Mapping[str, Lesson], people: list[Trainee], given: list[Assignment],
    progress: list[Progress],
) -> Training:  # fmt: skip
    names = {one.id: one.name for one in people}
    teams = sorted({team for one in people for team in one.teams if trains(reader.viewer, [team])})
    titles = tuple(Option(key, title_of(reader, lessons, key)) for key in lessons)
    theirs = [one for one in given if (one.user_id in names if one.user_id else one.team in teams)]
    return Training(
        titles, tuple(Option(f"{TEAM}{team}", team) for team in teams),
        tuple(Option(f"{PERSON}{one.id}", one.name) for one in people),
        tuple(_given(reader, lessons, one, names) for one in theirs),
        tuple(_progress(reader, lessons, one) for one in progress),
        tuple(one for one in titles if one.key.startswith(OWN)), allows(reader.viewer.role, Action.SUPERVISE),
    )  # fmt: skip


def _given(reader: Reader, lessons: Mapping[str, Lesson], one: Assignment, names: Mapping[int, str]) -> ShownGiven:
    whom = names[one.user_id] if one.user_id else one.team or ""
    due = reader.words("practice.due", day=reader.clock.plain_day(one.due_on)) if one.due_on else ""
    return ShownGiven(one.id, title_of(reader, lessons, one.lesson), whom, due)


def _progress(reader: Reader, lessons: Mapping[str, Lesson], one: Progress) -> ShownProgress:
    best = one.best_score
    return ShownProgress(
        one.trainee.name, title_of(reader, lessons, one.lesson), _due(reader, one), one.attempts,
        Chip(reader.words("quality.percent", score=best), tone_of(best)) if best is not None else None,
        clocked(one.spent_s) if one.attempts else "", f"/desk/practice/{one.last_run_id}" if one.last_run_id else "",
    )  # fmt: skip


def _due(reader: Reader, one: Progress) -> Chip | None:
    """Only where there is a day."""
    return due_chip(reader, one) if one.assignment and one.assignment.due_on else None
