"""What did not get through: messages that failed or are in doubt, and jobs that were given up."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Reach, require_role
from crm_core.buried_jobs import BuriedJob, buried_jobs, let_go, try_again
from crm_core.contracts import ConversationId, DeliveryState, MessageId
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, NotFound
from crm_core.parked_sends import ParkedSend, mark_sent, parked_sends, resend
from desk.answers import problem_text, route_class
from desk.change import number_of
from desk.people import channel_icon, person_name
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.views import ShownJob, ShownSend

MOST_CHARACTERS = 160
JobVerb = Callable[[AsyncSession, datetime, Reach, int], Awaitable[None]]
_ON_JOBS: Mapping[str, JobVerb] = {"try_again": try_again, "let_go": let_go}


def trouble_routes(desk: Desk) -> APIRouter:
    """For supervisors; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/trouble")
    async def trouble(request: Request) -> Response:
        return await _page(desk, await require_reader(desk, request), "")

    @router.post("/desk/trouble/send/{message_id}")
    async def settle_send(request: Request, message_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        settle = resend if fields.get("verdict") == "resend" else mark_sent
        conversation_id = ConversationId(number_of(fields, "conversation"))

        async def act(session: AsyncSession) -> None:
            await settle(session, reader.now, reader.reach, conversation_id, MessageId(message_id))

        return await _settled(desk, reader, act)

    @router.post("/desk/trouble/job/{job_id}")
    async def settle_job(request: Request, job_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        verb = _ON_JOBS.get(fields.get("verdict", ""), try_again)

        async def act(session: AsyncSession) -> None:
            await verb(session, reader.now, reader.reach, job_id)

        return await _settled(desk, reader, act)

    return router


async def _settled(desk: Desk, reader: Reader, act: Callable[[AsyncSession], Awaitable[None]]) -> Response:
    require_role(reader.viewer, Action.SUPERVISE)
    try:
        async with unit_of_work(desk.services.sessions) as session:
            await act(session)
    except (Conflict, NotFound) as error:
        return await _page(desk, reader, problem_text(reader.words, error), error.status)
    return RedirectResponse("/desk/trouble", 303)


async def _page(desk: Desk, reader: Reader, sentence: str, status: int = 200) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        jobs = await buried_jobs(session, reader.reach)
        sends = await parked_sends(session, reader.reach)
    html = desk.pages.render(
        "trouble.html", reader.words, menu=menu(reader, "trouble"), csrf=reader.csrf_token, sentence=sentence,
        sends=[_send(one, reader) for one in sends], jobs=[_job(one, reader) for one in jobs],
    )  # fmt: skip
    return HTMLResponse(html, status)


def _send(one: ParkedSend, reader: Reader) -> ShownSend:
    words, clock = reader.words, reader.clock
    is_in_doubt = one.state == DeliveryState.IN_DOUBT
    why = words.known(f"delivery_codes.{one.code}", one.code or "")
    return ShownSend(
        one.message_id, one.conversation_id, person_name(one.contact_name, None, words), channel_icon(one.channel),
        one.inbox_name, one.text[:MOST_CHARACTERS], words(f"delivery.{one.state}"), "warn" if is_in_doubt else "bad",
        why, clock.ago(one.at), clock.full(one.at),
    )  # fmt: skip


def _job(one: BuriedJob, reader: Reader) -> ShownJob:
    words, clock = reader.words, reader.clock
    name = words.known(f"jobs.{one.kind}", one.kind.replace("_", " "))
    why = words.known(f"delivery_codes.{one.code}", one.code or "")
    return ShownJob(
        one.id, one.conversation_id, name, why, one.attempts, clock.ago(one.created_at), clock.full(one.created_at)
    )
