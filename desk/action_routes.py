"""What an agent does: accept, reply, note, transfer, resolve, and their own state."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Reach
from crm_core.agent_work import (
    accept_conversation,
    add_note,
    close_conversation,
    decline_conversation,
)
from crm_core.contracts import ConversationId, MessageId, UserId
from crm_core.corrections import Reading, correct_intent
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput, NotFound
from crm_core.held_replies import Draft, hold_reply, take_back
from crm_core.parked_sends import mark_sent, resend
from crm_core.reopening import reopen
from crm_core.staff import set_agent_state
from crm_core.states import AgentState
from desk.answers import route_class
from desk.change import Change, Deed, NothingChosen, read_change
from desk.conversation_page import read_conversation
from desk.fragments import Fragments
from desk.inbox_page import me, read_inbox, tab_of
from desk.live import partial
from desk.macros import open_blanks
from desk.passing_deeds import passing_deeds
from desk.reader import require_change
from desk.services import Desk, PathId

CHOSEN_STATES = (AgentState.AVAILABLE, AgentState.AWAY)


class OpenBlank(InvalidInput):
    code = "open_blank"


def action_routes(desk: Desk) -> APIRouter:
    """Each deed does its work and gives the sentence for a toast, or nothing when the page shows it anyway."""
    router = APIRouter(route_class=route_class(desk))

    def add(name: str, deed: Deed) -> None:
        async def act(request: Request, conversation_id: PathId) -> Response:
            change = await read_change(desk, request, conversation_id)
            async with unit_of_work(desk.services.sessions) as session:
                sentence = await deed(session, change)
            return await _after(desk, change, sentence)

        router.add_api_route(f"/desk/c/{{conversation_id}}/{name}", act, methods=["POST"], name=f"desk_{name}")

    for name, deed in (_deeds(desk) | passing_deeds(desk)).items():
        add(name, deed)
    _state_route(router, desk)
    return router


def _deeds(desk: Desk) -> dict[str, Deed]:
    dispositions = tuple(desk.services.business.company.dispositions)

    async def _accept(session: AsyncSession, change: Change) -> str:
        await accept_conversation(session, change.reader.now, change.reader.reach, change.conversation_id)
        return change.reader.words("done.accepted")

    async def _decline(session: AsyncSession, change: Change) -> str:
        await decline_conversation(session, change.reader.now, change.reader.reach, change.conversation_id)
        return change.reader.words("done.declined")

    async def _reply(session: AsyncSession, change: Change) -> str:
        await _hold(session, change)
        return ""

    async def _undo(session: AsyncSession, change: Change) -> str:
        await take_back(session, change.reader.reach, change.conversation_id, change.number("held"))
        return ""

    async def _note(session: AsyncSession, change: Change) -> str:
        await add_note(session, change.reader.now, change.reader.reach, change.conversation_id, change.text)
        return ""

    async def _close(session: AsyncSession, change: Change) -> str:
        reader, conversation_id = change.reader, change.conversation_id
        disposition = change.fields.get("disposition", "")
        if disposition not in dispositions:
            raise NothingChosen("Choose how it ended.")
        if change.fields.get("text", "").strip():  # “send & resolve”: both, after the moment for second thoughts
            await _hold(session, change, disposition)
            return reader.words("done.closing")
        await close_conversation(session, reader.now, reader.reach, conversation_id, (disposition, dispositions))
        return reader.words("done.closed")

    async def _reopen(session: AsyncSession, change: Change) -> str:
        await reopen(session, change.reader.now, change.reader.reach, change.conversation_id)
        return change.reader.words("done.reopened")

    return {
        "accept": _accept, "reopen": _reopen, "decline": _decline, "reply": _reply, "undo": _undo, "note": _note,
        "close": _close, "intent": _correction(desk), "resend": _settle(resend, "done.resent"),
        "mark_sent": _settle(mark_sent, ""),
    }  # fmt: skip


async def _hold(session: AsyncSession, change: Change, closes_as: str | None = None) -> None:
    """The reply with its files: both or neither, and not at once."""
    draft = Draft(sendable(change), change.files, closes_as)
    await hold_reply(session, change.reader.now, change.reader.reach, change.conversation_id, draft)


def sendable(change: Change) -> str:
    """What goes to the customer. Raises EmptyText, and OpenBlank for a macro that was not filled in."""
    if open_blanks(change.text):
        raise OpenBlank("Fill in what stands in braces.")
    return change.text


def _correction(desk: Desk) -> Deed:
    async def _intent(session: AsyncSession, change: Change) -> str:
        reader, intent, number = change.reader, change.fields.get("intent", ""), change.number("message")
        if intent not in desk.services.intents():
            raise NothingChosen("Choose what the customer meant.")
        reading = Reading(MessageId(number), intent)
        await correct_intent(session, reader.now, reader.reach, change.conversation_id, reading)
        return reader.words("done.corrected")

    return _intent


Settle = Callable[[AsyncSession, datetime, Reach, ConversationId, MessageId], Awaitable[None]]


def _settle(settle: Settle, sentence: str) -> Deed:
    """What becomes of a message that failed or is in doubt."""

    async def _settled(session: AsyncSession, change: Change) -> str:
        reader, message_id = change.reader, MessageId(change.number("message"))
        await settle(session, reader.now, reader.reach, change.conversation_id, message_id)
        return reader.words(sentence) if sentence else ""

    return _settled


async def _after(desk: Desk, change: Change, sentence: str) -> Response:
    """The parts of the page that the deed changed, so that it shows even before the socket tells."""
    reader = change.reader
    fragments = Fragments(desk, reader)
    html = fragments.toast(sentence, "ok") if sentence else ""
    try:
        async with unit_of_work(desk.services.sessions) as session:
            found = await read_conversation(desk, session, reader, change.conversation_id)
    except NotFound:  # moved to a team whose conversations the reader does not see
        return HTMLResponse(
            html + partial("work", "innerHTML", fragments.nothing()), headers={"HX-Replace-Url": "/desk"}
        )
    new = tuple(entry for entry in found.entries if entry.id.isdigit() and int(entry.id) > change.after)
    html += partial(f"head-{found.head.id}", "innerMorph", fragments.head(found.head, "mine"))
    html += partial(f"gate-{found.head.id}", "innerMorph", fragments.gate(found.head))
    html += partial(f"held-{found.head.id}", "innerMorph", fragments.held(found.held))
    return HTMLResponse(html + (fragments.appended(found.head.id, new) if change.after else ""))


def _state_route(router: APIRouter, desk: Desk) -> None:
    @router.post("/desk/state")
    async def change_state(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        chosen = next((state for state in CHOSEN_STATES if state == fields.get("state")), None)
        if chosen is None:
            raise NothingChosen("Choose available or away.")
        async with unit_of_work(desk.services.sessions) as session:
            await set_agent_state(session, reader.now, UserId(reader.viewer.user_id), chosen)
        async with unit_of_work(desk.services.sessions) as session:
            shown = await read_inbox(session, reader, tab_of(None))
        person = me(replace(reader, state=chosen), shown)
        fragments = Fragments(desk, reader)
        html = partial("state-place", "innerMorph", fragments.state(person))
        return HTMLResponse(html + partial("my-dot-place", "innerMorph", fragments.dot(person)))
