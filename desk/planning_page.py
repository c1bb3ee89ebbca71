"""Planning for supervisors: who will call, who is needed, who is there, and what a change would bring."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from crm_core.access import Action, require_role
from crm_core.arrival_counts import EVERYTHING, keep_arrivals
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput, NotEnough, SwitchboardError
from crm_core.planning import SLOTS, Assumptions, Compared, Progress, Situation
from desk.answers import problem_text, route_class
from desk.guard import require_own_page, require_token
from desk.planning_asked import LIMITS, PlanAsked, read_plan_asked
from desk.planning_files import MOST_TOLD, WrongFile, arrivals_in, read_body
from desk.planning_views import (
    MOST_GAPS,
    ComparedRow,
    accuracy_rows,
    compared_rows,
    gaps,
    heat_map,
    plan_cards,
    plan_chart,
    short_day,
)
from desk.planning_work import Known, Plan, plan_of, read_known, situations, slot_time
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.sentences import refusal
from desk.services import Desk
from desk.views import Option
from desk.words import Words, queue_names

SPREADS = ("all", "two", "one")


@dataclass(frozen=True, slots=True)
class NumberField:
    """An assumption in the filter bar; `is_measured` says that it comes from the last weeks."""

    name: str
    text: str
    value: str
    is_measured: bool


def planning_routes(desk: Desk) -> APIRouter:
    """For supervisors and administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/planning")
    async def planning(request: Request) -> Response:
        reader, asked = await _asked(desk, request)
        known = await read_known(desk, reader, asked)
        try:
            plan, missing = await plan_of(desk, reader, asked, known), ""
        except NotEnough as error:
            plan, missing = None, refusal(reader.words, error)
        except InvalidInput:
            plan, missing = None, reader.words("planning.too_old")
        return HTMLResponse(_page(desk, reader, asked, (known, plan, missing)))

    @router.get("/desk/planning/whatif")
    async def at_once(request: Request) -> Response:
        """By the formula; a part of the page."""
        reader, asked = await _asked(desk, request)
        plan = await plan_of(desk, reader, asked, await read_known(desk, reader, asked))
        rows = _formula(desk, reader, asked, plan)
        return HTMLResponse(desk.pages.render("parts/compared.html", reader.words, rows=rows, how="formula"))

    @router.post("/desk/planning/simulate")
    async def simulated(request: Request) -> Response:
        """Lines of JSON: how far it is, then the part of the page that shows the result, or what went wrong."""
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.PLAN)
        asked = read_plan_asked(desk, reader, fields)
        plan = await plan_of(desk, reader, asked, await read_known(desk, reader, asked))
        base, then = situations(desk, asked, plan)
        return StreamingResponse(_told(desk, reader, base, then), media_type="application/x-ndjson")

    _add_files(router, desk)
    return router


def _add_files(router: APIRouter, desk: Desk) -> None:
    @router.post("/desk/planning/arrivals")
    async def arrivals(request: Request) -> Response:
        """The body is a CSV file; `?queue=` says of which line."""
        reader = await require_sender(desk, request)
        asked = read_plan_asked(desk, reader, request.query_params)
        today = reader.now.astimezone(asked.week.zone).date()
        try:
            days = arrivals_in(await read_body(request), today)
        except WrongFile as error:
            return wrong_file(reader, error)
        async with unit_of_work(desk.services.sessions) as session:
            await keep_arrivals(session, reader.now, reader.viewer, asked.queue or EVERYTHING, days)
        return JSONResponse({"sentence": reader.words("planning.file.taken_days", n=len(days))})


async def require_sender(desk: Desk, request: Request) -> Reader:
    """Who sends a file from our own page, and may plan. Raises Forbidden."""
    require_own_page(desk, request)
    reader = await require_reader(desk, request)
    require_token(request, {}, reader.csrf_token)
    require_role(reader.viewer, Action.PLAN)
    return reader


def wrong_file(reader: Reader, error: WrongFile) -> Response:
    words = reader.words
    told = [problem.said(words) for problem in error.problems[:MOST_TOLD]]
    further = len(error.problems) - MOST_TOLD
    told += [words("planning.file.further", n=further)] if further > 0 else []
    return JSONResponse({"sentence": words("planning.file.nothing_taken"), "problems": told}, 422)


async def _asked(desk: Desk, request: Request) -> tuple[Reader, PlanAsked]:
    reader = await require_reader(desk, request)
    require_role(reader.viewer, Action.PLAN)
    return reader, read_plan_asked(desk, reader, request.query_params)


async def _told(desk: Desk, reader: Reader, base: Situation, then: Situation) -> AsyncIterator[str]:
    try:
        async for each in desk.planning.simulate(base, then):
            yield json.dumps(_line(desk, reader, each, base.within_s)) + "\n"
    except SwitchboardError as error:
        yield json.dumps({"problem": problem_text(reader.words, error)}) + "\n"


def _line(desk: Desk, reader: Reader, told: Progress | Compared, within_s: float) -> dict[str, object]:
    if isinstance(told, Progress):
        return {"done": told.done, "of": told.of}
    rows = compared_rows(told.base, told.then, reader.words, within_s)
    return {"html": desk.pages.render("parts/compared.html", reader.words, rows=rows, how="simulated")}


def _formula(desk: Desk, reader: Reader, asked: PlanAsked, plan: Plan) -> tuple[ComparedRow, ...]:
    base, then = situations(desk, asked, plan)
    return compared_rows(desk.planning.formula(base), desk.planning.formula(then), reader.words, base.within_s)


def _page(desk: Desk, reader: Reader, asked: PlanAsked, found: tuple[Known, Plan | None, str]) -> str:
    known, plan, missing = found
    words, held = reader.words, known.held
    return desk.pages.render(
        "planning.html", words, menu=menu(reader, "planning"), csrf=reader.csrf_token, asked=asked, missing=missing,
        period=" – ".join(reader.clock.plain_day(each) for each in (asked.week.days[0], asked.week.days[-1])),
        queues=_queues(desk, reader, asked), fields=_fields(held, words),
        accuracy=accuracy_rows(known.accuracy, words), zone=asked.week.zone.key,
        hours=[(slot, slot_time(slot)) for slot in range(0, SLOTS, 6)],
        **_shown(desk, reader, asked, plan),
    )  # fmt: skip


def _shown(desk: Desk, reader: Reader, asked: PlanAsked, plan: Plan | None) -> Mapping[str, object]:
    """What there is only with a forecast."""
    if plan is None:
        return {"plan": None}
    words = reader.words
    days = tuple(Option(each.isoformat(), short_day(each, words), each == asked.day) for each in asked.week.days)
    found = gaps(plan, words)
    return {
        "plan": plan, "cards": plan_cards(plan, words), "chart": plan_chart(plan, words), "gaps": found[:MOST_GAPS],
        "further": len(found) - MOST_GAPS, "heat": heat_map(plan, words), "days": days,
        "compared": _formula(desk, reader, asked, plan), "has_queues": len(plan.outlook.shares) > 1,
        "spreads": tuple(Option(key, words(f"planning.spreads.{key}"), key == asked.change.spread) for key in SPREADS),
    }  # fmt: skip


def _queues(desk: Desk, reader: Reader, asked: PlanAsked) -> tuple[Option, ...]:
    named = queue_names(desk.services.business.queues.queues, reader.words.language)
    return tuple(Option(key, name, key == asked.queue) for key, name in named.items())


def _fields(held: Assumptions, words: Words) -> tuple[NumberField, ...]:
    return tuple(
        NumberField(
            name, words(f"planning.assume.{name}"), f"{round(getattr(held, name) * divisor, 1):g}",
            name in held.measured,
        )
        for name, (divisor, _, _) in LIMITS.items()
    )  # fmt: skip
