"""What helps to write and to get about: macros, passages that answer, conversations by name."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.db import unit_of_work
from crm_core.inbox_view import find_conversations
from crm_core.similar import Asked, Solved, similar_solved
from crm_core.states import Author, ConversationState
from crm_core.transcripts import Transcript, transcript
from desk.answers import route_class
from desk.inbox_page import shown_rows
from desk.macros import customer_language, order_meant, shown_macros, values_of
from desk.reader import Reader, require_reader
from desk.services import Desk, PathId, Suggestion

MOST_TYPED = 100
MOST_TITLE = 80


def writing_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/c/{conversation_id}/macros")
    async def macros(request: Request, conversation_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            head = (await transcript(session, reader.reach, conversation_id)).conversation
        order = await order_meant(desk.services.erp, head)
        values = values_of(desk, reader, head, order)
        shown = shown_macros(desk.services.business.macros.macros, customer_language(desk, head), reader, values)
        return HTMLResponse(desk.pages.render("parts/macros.html", reader.words, macros=shown))

    @router.get("/desk/c/{conversation_id}/suggestions")
    async def suggestions(request: Request, conversation_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            found = await transcript(session, reader.reach, conversation_id)
            asked = _asked(desk, found)
            solved = await similar_solved(session, reader.now, reader.reach, asked) if asked else []
        fitting = [*desk.services.suggest(asked.text, asked.language)] if asked else []
        fitting += [_of_a_colleague(one, reader) for one in solved]
        return HTMLResponse(desk.pages.render("parts/suggestions.html", reader.words, suggestions=fitting))

    @router.get("/desk/find")
    async def find(request: Request) -> Response:
        reader = await require_reader(desk, request)
        typed = request.query_params.get("q", "")[:MOST_TYPED].strip()
        async with unit_of_work(desk.services.sessions) as session:
            rows = await find_conversations(session, reader.reach, typed) if typed else []
        return HTMLResponse(desk.pages.render("parts/found.html", reader.words, rows=shown_rows(rows, reader)))

    return router


def _asked(desk: Desk, found: Transcript) -> Asked | None:
    """What the customer said last, while nobody has answered it; nothing once it is closed."""
    public = [entry for entry in found.entries if entry.visibility == "public"]
    if not public or public[-1].author != Author.CONTACT or found.conversation.state == ConversationState.CLOSED:
        return None
    last = public[-1]
    return Asked(found.conversation.id, last.text, last.language or customer_language(desk, found.conversation))


def _of_a_colleague(solved: Solved, reader: Reader) -> Suggestion:
    title = " ".join(solved.asked.split())[:MOST_TITLE]
    return Suggestion(
        solved.answer, title, reader.clock.day(solved.closed_at), href=f"/desk/c/{solved.conversation_id}"
    )
