"""Pages that are read: the inbox, a conversation, the customer beside it, their orders."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.contracts import ConversationId
from crm_core.db import unit_of_work
from crm_core.errors import NotFound
from crm_core.passing_on import colleagues
from crm_core.transcripts import transcript
from desk.answers import is_fragment, route_class
from desk.conversation_page import read_conversation
from desk.customer_page import read_customer
from desk.fragments import Fragments
from desk.inbox_page import me, read_inbox, tab_of
from desk.orders import orders_panel
from desk.reader import Reader, require_reader
from desk.services import Desk, PathId
from desk.trail import audit_reading
from desk.views import Inbox, Me, ShownColleague


def page_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk")
    async def inbox(request: Request) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            shown, person = await _frame(session, request, reader)
        fragments = Fragments(desk, reader)
        html = fragments.list_pane(shown, person) if is_fragment(request) else fragments.page(shown, person, None)
        return HTMLResponse(html)

    @router.get("/desk/c/{conversation_id}")
    async def conversation(request: Request, conversation_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        fragments = Fragments(desk, reader)
        async with unit_of_work(desk.services.sessions) as session:
            found = await read_conversation(desk, session, reader, conversation_id)
            await audit_reading(session, request, reader, conversation_id)
            if is_fragment(request):
                return HTMLResponse(fragments.work(found, tab_of(request.query_params.get("tab")).value))
            shown, person = await _frame(session, request, reader)
        return HTMLResponse(fragments.page(shown, person, found))

    _beside_routes(router, desk)
    return router


def _beside_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/desk/c/{conversation_id}/customer")
    async def customer(request: Request, conversation_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            panel = await read_customer(session, reader, conversation_id, can_mail=desk.services.can_mail)
        return HTMLResponse(desk.pages.render("parts/customer.html", reader.words, customer=panel))

    @router.get("/desk/c/{conversation_id}/orders")
    async def orders(request: Request, conversation_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            found = await transcript(session, reader.reach, conversation_id)
        customer_ref = found.conversation.customer_ref
        if customer_ref is None:
            raise NotFound("Nobody knows which customer this is.")
        services = desk.services
        page_of = services.business.erps.tracking_url
        panel = await orders_panel(services.erp, customer_ref, reader.clock, request.url.path, page_of)
        return HTMLResponse(desk.pages.render("parts/orders.html", reader.words, orders=panel))

    @router.get("/desk/c/{conversation_id}/colleagues")
    async def colleagues_here(request: Request, conversation_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            found = await colleagues(session, reader.reach, ConversationId(conversation_id))
        shown = [ShownColleague(one.id, one.name, one.role.value, one.load) for one in found]
        return HTMLResponse(desk.pages.render("parts/colleagues.html", reader.words, colleagues=shown))

    @router.get("/desk/{_path:path}")
    async def nothing(_path: str) -> Response:
        raise NotFound("There is nothing at this address.")


async def _frame(session: AsyncSession, request: Request, reader: Reader) -> tuple[Inbox, Me]:
    """The list and the person, around whatever is open."""
    shown = await read_inbox(session, reader, tab_of(request.query_params.get("tab")))
    return shown, me(reader, shown)
