"""What an agent does in a lesson: accept, reply, note, resolve, or leave it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.db import unit_of_work
from crm_core.practice import (
    Answered,
    Ending,
    Run,
    Trainee,
    accept_run,
    answer,
    leave_run,
    read_run,
    resolve_run,
)
from crm_core.practice_judging import macro_in
from crm_core.states import PracticeState, Visibility
from desk.action_routes import OpenBlank
from desk.answers import route_class
from desk.change import EmptyText, NothingChosen
from desk.macros import open_blanks
from desk.practice_page import UNDER_WAY, read_one
from desk.practice_parts import news_of
from desk.practice_run import practice_macros
from desk.reader import Reader, require_change
from desk.services import Desk, PathId

Fields = dict[str, str]
Deed = Callable[[AsyncSession, Reader, int, Fields], Awaitable[None]]


def practice_deed_routes(desk: Desk) -> APIRouter:
    """In the place of `/desk/c/{conversation_id}/…`, as the parts of the page ask for them."""
    router = APIRouter(route_class=route_class(desk))

    def add(name: str, deed: Deed) -> None:
        async def act(request: Request, run_id: PathId) -> Response:
            reader, fields = await require_change(desk, request)
            async with unit_of_work(desk.services.sessions) as session:
                await deed(session, reader, run_id, fields)
            run = await read_one(desk, reader, run_id)
            return HTMLResponse(news_of(desk, reader, run)) if run.state in UNDER_WAY else _leads_to(run)

        router.add_api_route(f"/desk/c/practice-{{run_id}}/{name}", act, methods=["POST"], name=f"practice_{name}")

    for name, deed in _deeds(desk).items():
        add(name, deed)
    return router


def _leads_to(run: Run) -> Response:
    """A finished lesson to its review, one that was left to the list."""
    goal = f"/desk/practice/{run.id}" if run.state is PracticeState.FINISHED else "/desk/practice"
    return HTMLResponse("", headers={"HX-Redirect": goal})


def _deeds(desk: Desk) -> dict[str, Deed]:
    async def _accept(session: AsyncSession, reader: Reader, run_id: int, _fields: Fields) -> None:
        await accept_run(session, reader.now, reader.reach, run_id)

    async def _leave(session: AsyncSession, reader: Reader, run_id: int, _fields: Fields) -> None:
        await leave_run(session, reader.now, reader.reach, run_id)

    async def _reply(session: AsyncSession, reader: Reader, run_id: int, fields: Fields) -> None:
        run = await read_run(session, reader.now, reader.reach, run_id)
        await answer(session, _trainee(desk, reader), run_id, _reply_in(desk, reader, run, fields))

    async def _note(session: AsyncSession, reader: Reader, run_id: int, fields: Fields) -> None:
        await answer(session, _trainee(desk, reader), run_id, Answered(_text(fields), Visibility.INTERNAL))

    async def _close(session: AsyncSession, reader: Reader, run_id: int, fields: Fields) -> None:
        disposition = fields.get("disposition", "")
        if disposition not in desk.services.business.company.dispositions:
            raise NothingChosen("Choose how it ended.")
        run = await read_run(session, reader.now, reader.reach, run_id)
        last = _reply_in(desk, reader, run, fields) if fields.get("text", "").strip() else None
        await resolve_run(session, _trainee(desk, reader), run_id, Ending(disposition, last))

    return {"accept": _accept, "leave": _leave, "reply": _reply, "note": _note, "close": _close}


def _trainee(desk: Desk, reader: Reader) -> Trainee:
    return Trainee(reader.now, reader.reach, desk.services.recognise)


def _reply_in(desk: Desk, reader: Reader, run: Run, fields: Fields) -> Answered:
    """A reply, and which macro it was written with. Raises EmptyText, OpenBlank."""
    text = _text(fields)
    if open_blanks(text):
        raise OpenBlank("Fill in what stands in braces.")
    macros = {macro.key: macro.text for macro in practice_macros(desk, reader, run)}
    return Answered(text, macro=macro_in(text, macros))


def _text(fields: Fields) -> str:
    text = fields.get("text", "").replace("\r\n", "\n").strip()
    if not text:
        raise EmptyText("Write something first.")
    return text
