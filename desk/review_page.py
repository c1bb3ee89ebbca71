"""The review list: what colleagues say the bot understood wrong, accepted or dismissed by a supervisor."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.corrections import OpenCorrection, accept_correction, dismiss_correction, open_corrections
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput
from desk.answers import problem_text, route_class
from desk.people import intent_name
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.views import ShownCorrection


def review_routes(desk: Desk) -> APIRouter:
    """For supervisors; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/review")
    async def review(request: Request) -> Response:
        return await _page(desk, await require_reader(desk, request), "")

    @router.post("/desk/review/{correction_id}")
    async def judge(request: Request, correction_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        try:
            async with unit_of_work(desk.services.sessions) as session:
                if fields.get("verdict") == "accept":
                    await accept_correction(session, reader.now, reader.reach, correction_id, fields.get("text", ""))
                else:
                    await dismiss_correction(session, reader.now, reader.reach, correction_id)
        except (Conflict, InvalidInput) as error:
            return await _page(desk, reader, problem_text(reader.words, error), error.status)
        return RedirectResponse("/desk/review", 303)

    return router


async def _page(desk: Desk, reader: Reader, sentence: str, status: int = 200) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        found = await open_corrections(session, reader.reach)
    shown = [_shown(one, reader) for one in found]
    html = desk.pages.render(
        "review.html", reader.words, menu=menu(reader, "review"),
        corrections=shown, csrf=reader.csrf_token, sentence=sentence
    )  # fmt: skip
    return HTMLResponse(html, status)


def _shown(one: OpenCorrection, reader: Reader) -> ShownCorrection:
    words, clock = reader.words, reader.clock
    return ShownCorrection(
        one.id, one.conversation_id, one.text, one.language, intent_name(one.intent_was, words),
        intent_name(one.intent, words), one.by, clock.ago(one.at), clock.full(one.at),
    )  # fmt: skip
