"""What helps to write and to get about: macros, passages that answer, conversations by name."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.db import unit_of_work
from crm_core.inbox_view import find_conversations
from crm_core.states import Author, ConversationState
from crm_core.transcripts import Transcript, transcript
from desk.answers import route_class
from desk.inbox_page import shown_rows
from desk.macros import customer_language, order_meant, shown_macros, values_of
from desk.reader import require_reader
from desk.services import Desk, PathId, Suggestion

MOST_TYPED = 100


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
        fitting = _suggestions(desk, found)
        return HTMLResponse(desk.pages.render("parts/suggestions.html", reader.words, suggestions=fitting))

    @router.get("/desk/find")
    async def find(request: Request) -> Response:
        reader = await require_reader(desk, request)
        typed = request.query_params.get("q", "")[:MOST_TYPED].strip()
        async with unit_of_work(desk.services.sessions) as session:
            rows = await find_conversations(session, reader.reach, typed) if typed else []
        return HTMLResponse(desk.pages.render("parts/found.html", reader.words, rows=shown_rows(rows, reader)))

    return router


def _suggestions(desk: Desk, found: Transcript) -> tuple[Suggestion, ...]:
    """To what the customer said last, while nobody has answered it; nothing once it is closed."""
    public = [entry for entry in found.entries if entry.visibility == "public"]
    if not public or public[-1].author != Author.CONTACT or found.conversation.state == ConversationState.CLOSED:
        return ()
    asked = public[-1]
    return tuple(desk.services.suggest(asked.text, asked.language or customer_language(desk, found.conversation)))
