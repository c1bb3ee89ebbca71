"""Who the customer is and where else they are: merge, un-merge, and go on in another channel."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.audit import AuditAction
from crm_core.continuation import Continuation, continue_in
from crm_core.contracts import ContactId, ConversationId
from crm_core.db import unit_of_work
from crm_core.kinship import merge_kin, unmerge_kin
from desk.answers import route_class
from desk.change import Change, read_change
from desk.customer_page import read_customer
from desk.fragments import Fragments
from desk.live import partial
from desk.services import Desk, PathId
from desk.trail import audit

Verb = Callable[[AsyncSession, Change], Awaitable[None]]


def contact_routes(desk: Desk) -> APIRouter:
    """Merging answers with the panel as it is now; going on elsewhere leads there."""
    router = APIRouter(route_class=route_class(desk))

    def add(name: str, verb: Verb, sentence: str, action: AuditAction) -> None:
        async def act(request: Request, conversation_id: PathId) -> Response:
            change = await read_change(desk, request, conversation_id)
            async with unit_of_work(desk.services.sessions) as session:
                await verb(session, change)
                named = f"conversation:{conversation_id}"
                detail = {field: change.number(field) for field in ("contact", "merge") if change.number(field)}
                await audit(session, request, change.reader, (action, named), **detail)
            return await _panel(desk, change, sentence)

        router.add_api_route(f"/desk/c/{{conversation_id}}/{name}", act, methods=["POST"], name=f"desk_{name}")

    add("merge", _merge, "done.merged", AuditAction.CONTACTS_MERGED)
    add("unmerge", _unmerge, "done.unmerged", AuditAction.CONTACTS_UNMERGED)

    @router.post("/desk/c/{conversation_id}/continue")
    async def continue_elsewhere(request: Request, conversation_id: PathId) -> Response:
        change = await read_change(desk, request, conversation_id)
        wanted = Continuation(change.number("inbox"), change.number("address"), change.text)
        reader = change.reader
        async with unit_of_work(desk.services.sessions) as session:
            there = await continue_in(session, reader.now, reader.reach, ConversationId(conversation_id), wanted)
        return Response(status_code=204, headers={"HX-Redirect": f"/desk/c/{there}"})

    return router


async def _merge(session: AsyncSession, change: Change) -> None:
    reader, kin_id = change.reader, ContactId(change.number("contact"))
    await merge_kin(session, reader.now, reader.reach, change.conversation_id, kin_id)


async def _unmerge(session: AsyncSession, change: Change) -> None:
    reader = change.reader
    await unmerge_kin(session, reader.now, reader.reach, change.conversation_id, change.number("merge"))


async def _panel(desk: Desk, change: Change, sentence: str) -> Response:
    words = change.reader.words
    async with unit_of_work(desk.services.sessions) as session:
        panel = await read_customer(session, change.reader, change.conversation_id, can_mail=desk.services.can_mail)
    html = desk.pages.render("parts/customer.html", words, customer=panel)
    toast = Fragments(desk, change.reader).toast(words(sentence), "ok")
    return HTMLResponse(toast + partial("side", "innerHTML", html))
