"""The parts of the conversation page in a lesson: news, customer, order, macros, passages that answer."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.errors import NotFound
from crm_core.practice import Run
from crm_core.states import Author
from desk.answers import route_class
from desk.fragments import Fragments
from desk.live import partial
from desk.practice_page import read_one
from desk.practice_run import customer_panel, place_of, practice_macros, practice_orders, practice_page, seen_of
from desk.reader import Reader, require_reader
from desk.services import Desk, PathId


def practice_part_routes(desk: Desk) -> APIRouter:
    """In the place of `/desk/c/{conversation_id}/…`, so that the parts of the page need not know."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/c/practice-{run_id}/news")
    async def news(request: Request, run_id: PathId) -> Response:
        reader, run = await own_run(desk, request, run_id)
        if request.query_params.get("seen") == seen_of(run):
            return Response(status_code=204)
        return HTMLResponse(news_of(desk, reader, run))

    @router.get("/desk/c/practice-{run_id}/customer")
    async def customer(request: Request, run_id: PathId) -> Response:
        reader, run = await own_run(desk, request, run_id)
        return HTMLResponse(
            desk.pages.render("parts/customer.html", reader.words, customer=customer_panel(reader, run))
        )

    @router.get("/desk/c/practice-{run_id}/orders")
    async def orders(request: Request, run_id: PathId) -> Response:
        reader, run = await own_run(desk, request, run_id)
        return HTMLResponse(desk.pages.render("parts/orders.html", reader.words, orders=practice_orders(reader, run)))

    @router.get("/desk/c/practice-{run_id}/macros")
    async def macros(request: Request, run_id: PathId) -> Response:
        reader, run = await own_run(desk, request, run_id)
        shown = practice_macros(desk, reader, run)
        return HTMLResponse(desk.pages.render("parts/macros.html", reader.words, macros=shown))

    @router.get("/desk/c/practice-{run_id}/suggestions")
    async def suggestions(request: Request, run_id: PathId) -> Response:
        reader, run = await own_run(desk, request, run_id)
        last = run.entries[-1].said if run.entries else None
        asks = last is not None and last.author == Author.CONTACT
        fitting = desk.services.suggest(last.text, run.language) if asks and last is not None else ()
        return HTMLResponse(desk.pages.render("parts/suggestions.html", reader.words, suggestions=fitting))

    return router


async def own_run(desk: Desk, request: Request, run_id: int) -> tuple[Reader, Run]:
    """Raises NotFound for another's: who trains reads the review, not the desk of the lesson."""
    reader = await require_reader(desk, request)
    run = await read_one(desk, reader, run_id)
    if run.user_id != reader.viewer.user_id:
        raise NotFound("There is no such lesson.")
    return reader, run


def news_of(desk: Desk, reader: Reader, run: Run) -> str:
    """Every part that may have changed; what did not stays as it is."""
    shown, fragments, place = practice_page(desk, reader, run), Fragments(desk, reader), place_of(run.id)
    entries = "".join(fragments.entry(entry) for entry in shown.entries)
    html = partial(f"head-{place}", "innerMorph", fragments.head(shown.head, "mine"))
    html += partial(f"gate-{place}", "innerMorph", fragments.gate(shown.head))
    html += partial(f"timeline-{place}", "innerMorph", entries)
    html += partial(f"typing-{place}", "innerHTML", fragments.typing("contact") if run.is_typing else "")
    watch = desk.pages.render("parts/practice_watch.html", reader.words, place=place, seen=seen_of(run))
    return html + partial("practice-watch", "innerHTML", watch)
