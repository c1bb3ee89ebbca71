"""Practice for everybody: the lessons, and a lesson under way at the real desk."""

import json

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from config.practice import Lesson
from crm_core.db import unit_of_work
from crm_core.errors import NotFound
from crm_core.practice import Opening, Run, read_run, start_run
from crm_core.practice_lessons import attempts_of, made_lessons, own_progress
from crm_core.states import PracticeState
from desk.answers import route_class
from desk.practice_list import practice_list
from desk.practice_review import review_of
from desk.practice_run import explained, place_of, practice_page, seen_of
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.views import Me

UNDER_WAY = (PracticeState.OFFERED, PracticeState.ACTIVE)


def practice_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/practice")
    async def lessons(request: Request) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            known = await all_lessons(desk, session)
            progress = await own_progress(session, reader.viewer)
            attempts = await attempts_of(session, reader.viewer)
        shown = practice_list(reader, known, progress, attempts)
        html = desk.pages.render(
            "practice.html", reader.words, menu=menu(reader, "practice"), csrf=reader.csrf_token, shown=shown
        )
        return HTMLResponse(html)

    @router.post("/desk/practice")
    async def start(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        key, clock = fields.get("lesson", ""), reader.clock
        async with unit_of_work(desk.services.sessions) as session:
            lesson = (await all_lessons(desk, session)).get(key)
            if lesson is None:
                raise NotFound("There is no such lesson.")
            language = chosen_language(lesson, fields.get("language", ""), reader)
            opening = Opening(key, _judged_by(desk, lesson), language, reader.now.astimezone(clock.zone).date())
            run_id = await start_run(session, reader.now, reader.reach, opening)
        return RedirectResponse(f"/desk/practice/{run_id}", 303)

    @router.get("/desk/practice/{run_id}")
    async def show(request: Request, run_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        run = await read_one(desk, reader, run_id)
        is_own = run.user_id == reader.viewer.user_id
        is_open = is_own and run.state in UNDER_WAY
        return HTMLResponse((_desk_page if is_open else _over)(desk, reader, run))

    return router


async def all_lessons(desk: Desk, session: AsyncSession) -> dict[str, Lesson]:
    """Those of the files, then those that supervisors made."""
    files = {lesson.key: lesson for lesson in desk.services.business.practice}
    return files | await made_lessons(session)


def _judged_by(desk: Desk, lesson: Lesson) -> Lesson:
    """An ending that the company does not have can be nobody's fault."""
    known = desk.services.business.company.dispositions
    return lesson.model_copy(update={"dispositions": [key for key in lesson.dispositions if key in known]})


def chosen_language(lesson: Lesson, wanted: str, reader: Reader) -> str:
    """The one that was asked for, else the reader's own, else the first."""
    return next((code for code in (wanted, reader.words.language) if code in lesson.languages), lesson.languages[0])


async def read_one(desk: Desk, reader: Reader, run_id: int) -> Run:
    async with unit_of_work(desk.services.sessions) as session:
        return await read_run(session, reader.now, reader.reach, run_id)


def _desk_page(desk: Desk, reader: Reader, run: Run) -> str:
    words, viewer = reader.words, reader.viewer
    shown = practice_page(desk, reader, run)
    texts = words.section("clock") | words.section("live")
    return desk.pages.render(
        "practice_run.html", words, conversation=shown, head=shown.head, tab="mine", csrf=reader.csrf_token,
        me=Me(viewer.name, "", viewer.role.value, reader.state.value, 0), links=(), zone=reader.clock.zone.key,
        script_texts=json.dumps(texts, ensure_ascii=False), seen=seen_of(run), run=run, place=place_of(run.id),
        title=explained(reader, run, run.lesson.title), goal=explained(reader, run, run.lesson.goal),
        targets=run.lesson.targets, last=_last_words(run),
    )  # fmt: skip


def _over(desk: Desk, reader: Reader, run: Run) -> str:
    shown = review_of(desk, reader, run)
    return desk.pages.render(
        "practice_review.html", reader.words, menu=menu(reader, "practice"), csrf=reader.csrf_token, review=shown,
        wide=True,
    )  # fmt: skip


def _last_words(run: Run) -> str:
    return run.entries[-1].said.text if run.entries else ""
