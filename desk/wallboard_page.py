"""The wallboard: one look says who waits and how the day goes; it keeps itself up to date."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.access import Action, require_role
from crm_core.db import unit_of_work
from crm_core.reporting import Dimension, Figures, LineNow, Wallboard
from crm_core.states import AgentState
from desk.answers import is_fragment, route_class
from desk.reader import Reader, require_reader
from desk.report_period import Asked, read_asked
from desk.report_views import NOTHING, Card, Line, all_figures, cards, seconds, shown_value
from desk.reports_page import chart_of, names_of
from desk.sections import menu
from desk.services import Desk

CARDS = ("sl_excl_short", "wait_p50", "abandonment", "promise_kept")
COLUMNS = ("offered", "answered", "sl_excl_short", "asa", "wait_p95", "abandonment", "handle_p50")
TODAY = {"period": "today"}


@dataclass(frozen=True, slots=True)
class Now:
    """The first card: how many wait, the oldest, those past their promise."""

    waiting: str
    oldest: str
    late: int


def wallboard_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/wallboard")
    async def wallboard(request: Request) -> Response:
        reader = await require_reader(desk, request)
        require_role(reader.viewer, Action.REPORT)
        asked = read_asked(TODAY, reader)
        async with unit_of_work(desk.services.sessions) as session:
            names = await names_of(desk, session, reader)
            board = await desk.services.reports.wallboard(session, reader.reach, asked.question)
        template = "parts/board.html" if is_fragment(request) else "wallboard.html"
        return HTMLResponse(_render(desk, reader, template, (asked, board, names[Dimension.QUEUE])))

    return router


def _render(desk: Desk, reader: Reader, template: str, found: tuple[Asked, Wallboard, Mapping[str, str]]) -> str:
    asked, board, queues = found
    words, within_s = reader.words, asked.question.within_s
    figures = all_figures(board.today, words, within_s)
    return desk.pages.render(
        template, words, menu=menu(reader, "wallboard"), now=_now(board, reader), cards=_cards(board, reader, within_s),
        headings=[figures[key].name for key in COLUMNS], lines=_lines(board, queues, reader),
        states=_states(board, reader), busy=board.in_conversation, clock=reader.clock.clock(reader.now),
        chart=chart_of(board.today.slots, words, within_s), csv="/desk/reports/csv?period=today",
    )  # fmt: skip


def _cards(board: Wallboard, reader: Reader, within_s: float) -> tuple[Card, ...]:
    return tuple(each for each in cards(board.today, reader.words, within_s) if each.figure.key in CARDS)


def _now(board: Wallboard, reader: Reader) -> Now:
    lines = board.lines.values()
    oldest = max((line.oldest_s or 0 for line in lines), default=None)
    said = NOTHING if oldest is None else seconds(oldest, reader.words)
    return Now(str(sum(line.waiting for line in lines)), said, sum(line.late for line in lines))


def _lines(board: Wallboard, queues: Mapping[str, str], reader: Reader) -> tuple[Line, ...]:
    today = board.today.groups[Dimension.QUEUE]
    keys = dict.fromkeys([*queues, *board.lines, *today])
    return tuple(
        Line(key, queues.get(key, key), _values(board.lines.get(key, LineNow()), today.get(key, {}), reader))
        for key in keys
    )


def _values(line: LineNow, figures: Figures, reader: Reader) -> tuple[str, ...]:
    words = reader.words
    oldest = NOTHING if line.oldest_s is None else seconds(line.oldest_s, words)
    found = (figures.get(key) for key in COLUMNS)
    rest = (shown_value(each.value, each.unit, words) if each else NOTHING for each in found)
    return (str(line.waiting), oldest, str(line.late), *rest)


def _states(board: Wallboard, reader: Reader) -> tuple[tuple[str, str, int], ...]:
    return tuple((state.value, reader.words(f"state.{state}"), board.agents.get(state, 0)) for state in AgentState)
