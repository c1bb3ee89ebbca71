"""Channels, ERPs and flows for administrators: what is on, why something is off, and a test that says what is wrong."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.db import unit_of_work
from crm_core.erp_failures import recent_failures
from desk.answers import route_class
from desk.connections import Tried
from desk.people import channel_icon, intent_name
from desk.sections import menu
from desk.services import Desk
from desk.settings_kinds import Seat
from desk.settings_page import Key, changing_seat, seat_of

LATELY = timedelta(days=1)


def connection_routes(desk: Desk) -> APIRouter:
    """For administrators."""
    router = APIRouter(route_class=route_class(desk))
    ports = desk.services.connections

    @router.get("/desk/admin/channels")
    async def channels(request: Request) -> Response:
        return _channels(await seat_of(desk, request))

    @router.post("/desk/admin/channels/{key}/test")
    async def test_channel(request: Request, key: Key) -> Response:
        seat, _ = await changing_seat(desk, request)
        return _channels(seat, key, await ports.test_channel(key))

    @router.get("/desk/admin/erp")
    async def erps(request: Request) -> Response:
        return await _erps(await seat_of(desk, request))

    @router.post("/desk/admin/erp/{key}/test")
    async def test_erp(request: Request, key: Key) -> Response:
        seat, _ = await changing_seat(desk, request)
        return await _erps(seat, key, await ports.test_erp(key))

    @router.get("/desk/admin/flows")
    async def flows(request: Request) -> Response:
        seat = await seat_of(desk, request)
        found = await ports.dialogue()
        words = seat.reader.words
        html = desk.pages.render(
            "flows.html", words, menu=menu(seat.reader, "flows"), dialogue=found,
            intents=lambda flow: [intent_name(intent, words) for intent in flow.intents],
        )  # fmt: skip
        return HTMLResponse(html)

    return router


def _channels(seat: Seat, tested: str = "", found: Sequence[Tried] = ()) -> Response:
    html = seat.desk.pages.render(
        "channels.html", seat.reader.words, menu=menu(seat.reader, "channels"), csrf=seat.reader.csrf_token,
        channels=seat.desk.services.connections.channels(), icon_of=channel_icon, tested=tested, found=found,
        works=all(one.remedy is None for one in found),
    )  # fmt: skip
    return HTMLResponse(html)


async def _erps(seat: Seat, tested: str = "", found: Sequence[Tried] = ()) -> Response:
    reader = seat.reader
    async with unit_of_work(seat.desk.services.sessions) as session:
        failures = await recent_failures(session, reader.viewer, reader.now - LATELY)
    html = seat.desk.pages.render(
        "erps.html", reader.words, menu=menu(reader, "erp"), csrf=reader.csrf_token, tested=tested, found=found,
        erps=seat.desk.services.connections.erps(), works=all(one.remedy is None for one in found),
        failures=[(one.code, one.number, reader.clock.ago(one.last_at), reader.clock.full(one.last_at))
                  for one in failures],
    )  # fmt: skip
    return HTMLResponse(html)
