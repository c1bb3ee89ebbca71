"""The roster: planners change a draft and publish it week by week; everybody sees their own shifts."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, require_role
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput, SwitchboardError
from crm_core.planning import DAYS, Week, monday_of
from crm_core.rosters import (
    Publication,
    Shift,
    copy_week,
    draft_of,
    import_shifts,
    last_publication,
    own_shifts,
    people,
    publish_week,
    published_of,
    put_shift,
    remove_shift,
    shifts_meanwhile,
)
from desk.answers import problem_text, route_class
from desk.change import number_of
from desk.planning_asked import zone_of
from desk.planning_files import Wrong, WrongFile, read_body, roster_in
from desk.planning_page import require_sender, wrong_file
from desk.reader import Reader, require_change, require_reader
from desk.roster_views import RosterState, own_days, roster_table, shift_form
from desk.sections import menu
from desk.services import Desk
from desk.words import queue_names

SHOWN_WEEKS = 4  # of one's own shifts


def roster_routes(desk: Desk) -> APIRouter:
    """Changing is for supervisors and administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/shifts")
    async def mine(request: Request) -> Response:
        reader = await require_reader(desk, request)
        since = reader.now
        async with unit_of_work(desk.services.sessions) as session:
            found = await own_shifts(session, reader.viewer, since, reader.now + timedelta(weeks=SHOWN_WEEKS))
        days = own_days(found, reader, queue_names(desk.services.business.queues.queues, reader.words.language))
        return HTMLResponse(desk.pages.render("shifts.html", reader.words, days=days, weeks=SHOWN_WEEKS))

    @router.get("/desk/roster")
    async def roster(request: Request) -> Response:
        reader = await require_reader(desk, request)
        require_role(reader.viewer, Action.PLAN)
        asked = request.query_params
        return await _page(desk, reader, _week(desk, reader, asked), (number_of(asked, "shift"), "", {}))

    @router.post("/desk/roster")
    async def changed(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.PLAN)
        week = _week(desk, reader, fields)
        try:
            async with unit_of_work(desk.services.sessions) as session:
                await _act(desk, session, reader, week, fields)
        except (Conflict, InvalidInput) as error:
            return await _page(
                desk, reader, week, (number_of(fields, "shift"), problem_text(reader.words, error), fields), error
            )
        return RedirectResponse(f"/desk/roster?week={week.first}", 303)

    _add_import(router, desk)
    return router


def _add_import(router: APIRouter, desk: Desk) -> None:
    @router.post("/desk/roster/import")
    async def imported(request: Request) -> Response:
        """The body is a CSV file: all of it is taken, or nothing."""
        reader = await require_sender(desk, request)
        content = await read_body(request)
        try:
            async with unit_of_work(desk.services.sessions) as session:
                taken = await _import(desk, session, reader, content)
        except WrongFile as error:
            return wrong_file(reader, error)
        first = monday_of(taken[0].starts_at.date())
        sentence = reader.words("planning.file.taken_shifts", n=len(taken))
        return JSONResponse({"sentence": sentence, "href": f"/desk/roster?week={first}"})


async def _import(desk: Desk, session: AsyncSession, reader: Reader, content: bytes) -> list[Shift]:
    """Raises WrongFile."""
    known = await people(session, reader.viewer)
    named = queue_names(desk.services.business.queues.queues, reader.words.language)
    rows = roster_in(content, known, named, zone_of(desk))
    shifts = [shift for _, shift in rows]
    since, until = min(each.starts_at for each in shifts), max(each.ends_at for each in shifts)
    there = await shifts_meanwhile(session, reader.viewer, since, until)
    wrong = [
        Wrong(line, "is_there")
        for line, each in rows
        if any(each.overlaps(other) and not each.is_like(other) for other in there)
    ]
    if wrong:
        raise WrongFile(wrong)
    await import_shifts(session, reader.now, reader.viewer, shifts)
    return shifts


def _week(desk: Desk, reader: Reader, query: Mapping[str, str]) -> Week:
    """The one that is named, else the next."""
    zone = zone_of(desk)
    try:
        day = date.fromisoformat(query.get("week", ""))
        day = min(max(day, date(2000, 1, 3)), date(2100, 1, 4))
    except ValueError:
        day = reader.now.astimezone(zone).date() + timedelta(days=DAYS)
    return Week(monday_of(day), zone)


async def _act(desk: Desk, session: AsyncSession, reader: Reader, week: Week, fields: Mapping[str, str]) -> None:
    """Raises InvalidInput, ShiftOverlaps, ImpossibleShift, NotFound."""
    now, viewer, verb = reader.now, reader.viewer, fields.get("verb", "")
    if verb == "put":
        await put_shift(session, now, viewer, _written(desk, week, fields))
    elif verb == "remove":
        await remove_shift(session, now, viewer, number_of(fields, "shift"))
    elif verb == "copy":
        await copy_week(session, now, viewer, week)
    elif verb == "publish":
        await publish_week(session, now, viewer, week)
    else:
        raise InvalidInput("Choose what to do.")


def _written(desk: Desk, week: Week, fields: Mapping[str, str]) -> Shift:
    """An end before the start is meant to be on the next day. Raises InvalidInput."""
    try:
        day = date.fromisoformat(fields.get("day", ""))
        starts, ends = (
            datetime.combine(day, time.fromisoformat(fields.get(name, "")), week.zone) for name in ("start", "end")
        )
    except ValueError as error:
        raise InvalidInput("Write a day and two times.") from error
    if day not in week.days:
        raise InvalidInput("Choose a day of this week.")
    if ends <= starts:
        ends += timedelta(days=1)
    known = {queue.key for queue in desk.services.business.queues.queues}
    queues = tuple(key for key in sorted(known) if fields.get(f"queue_{key}"))
    return Shift(number_of(fields, "person"), starts, ends, queues, number_of(fields, "shift"))


async def _page(
    desk: Desk,
    reader: Reader,
    week: Week,
    chosen: tuple[int, str, Mapping[str, str]],
    error: SwitchboardError | None = None,
) -> Response:
    shift_id, problem, fields = chosen
    async with unit_of_work(desk.services.sessions) as session:
        staff = await people(session, reader.viewer)
        draft = await draft_of(session, reader.viewer, week)
        published = await published_of(session, reader.viewer, week)
        last = await last_publication(session, reader.viewer, week)
    words, names = reader.words, queue_names(desk.services.business.queues.queues, reader.words.language)
    shown = next((each for each in draft if each.id == shift_id), None)
    html = desk.pages.render(
        "roster.html", words, menu=menu(reader, "roster"), csrf=reader.csrf_token, week=week, problem=problem,
        period=" – ".join(reader.clock.plain_day(each) for each in (week.days[0], week.days[-1])),
        before=week.first - timedelta(days=DAYS), after=week.first + timedelta(days=DAYS), zone=week.zone.key,
        table=roster_table(draft, staff, week, (reader, names)),
        form=shift_form(week, (shown, fields), staff, (reader, names)),
        state=_state(reader, (draft, published), last), has_draft=bool(draft),
    )  # fmt: skip
    return HTMLResponse(html, error.status if error else 200)


def _state(reader: Reader, found: tuple[list[Shift], list[Shift]], last: Publication | None) -> RosterState:
    draft, published = found
    words = reader.words
    is_same = len(draft) == len(published) and all(any(one.is_like(other) for other in published) for one in draft)
    if last is None:
        return RosterState(words("roster.never"), "warn" if draft else "")
    said = words("roster.published", when=reader.clock.day_and_time(last.at), by=last.by)
    return RosterState(said, "ok") if is_same else RosterState(f"{said} {words('roster.since_changed')}", "warn")
