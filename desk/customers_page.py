"""What the company's sales teach of its customers: who stays, who leaves, what they are worth, what they will buy."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.db import unit_of_work
from crm_core.learnt import learnt_findings
from desk.answers import route_class
from desk.customers_views import MOST_MONTHS, cards
from desk.reader import require_reader
from desk.sections import menu
from desk.services import Desk


def customers_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/customers")
    async def customers(request: Request) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            found = await learnt_findings(session, reader.viewer)
        as_of = reader.clock.plain_day(max(each.as_of for each in found)) if found else ""
        shown = cards(found, reader.words, reader.clock)
        return HTMLResponse(desk.pages.render(
            "customers.html", reader.words, menu=menu(reader, "customers"), csrf=reader.csrf_token, cards=shown,
            as_of=as_of, months=range(MOST_MONTHS), wide=True,
        ))  # fmt: skip

    return router
