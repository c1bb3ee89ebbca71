"""Exports: a whole conversation, or everything stored about a contact; each is written into the audit trail."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import answers
from bot.api.caller import Caller, Reads
from bot.api.fields import MOST_ITEMS, PathId
from bot.api.messages import message_of
from bot.api.routing import api_router
from bot.api.services import Api
from crm_core.access import Action, kept_from
from crm_core.api_keys import actor_of
from crm_core.audit import AuditAction, Deed, append
from crm_core.contact_book import contact_card
from crm_core.contracts import ContactId, Json, JsonObject
from crm_core.conversation_list import conversation_line, message_lines
from crm_core.db import unit_of_work
from crm_core.errors import Forbidden
from crm_core.privacy import collect_contact
from crm_core.states import Scope


def export_routes(api: Api) -> APIRouter:
    router = api_router("exports")
    reads = Annotated[Caller, Depends(Reads(api, Scope.EXPORTS_READ))]

    @router.get("/exports/conversations/{conversation_id}", summary="Export a whole conversation")
    async def conversation(caller: reads, conversation_id: PathId) -> answers.ExportedConversation:
        async with unit_of_work(api.services.sessions) as session:
            line = await conversation_line(session, caller.reach, Action.EXPORT, conversation_id)
            messages = await _all_messages(api, session, caller, conversation_id)
            actor, exported = actor_of(caller.reach.viewer), f"conversation:{conversation_id}"
            await append(session, caller.now, Deed(AuditAction.TRANSCRIPT_EXPORTED, actor, exported, caller.source))
        return answers.ExportedConversation(
            conversation=answers.Conversation.model_validate(line), messages=messages
        )  # fmt: skip

    @router.get(
        "/exports/contacts/{contact_id}", response_model=dict[str, object], summary="Export what is stored of a contact"
    )
    async def contact(caller: reads, contact_id: PathId) -> Response:
        """Table by table. Only for a key that is not held to teams: it crosses all of them."""
        if not caller.reach.sees_all:
            raise Forbidden("A contact's data crosses all teams; this key is held to some of them.")
        async with unit_of_work(api.services.sessions) as session:
            card = await contact_card(session, caller.reach, contact_id)
            actor = actor_of(caller.reach.viewer)
            content = await collect_contact(session, caller.now, actor, ContactId(card.id))
        return JSONResponse(_without_hidden(caller, content))

    return router


async def _all_messages(api: Api, session: AsyncSession, caller: Caller, number: int) -> list[answers.Message]:
    found: list[answers.Message] = []
    while True:
        after = found[-1].id if found else 0
        lines = await message_lines(session, caller.reach, number, after, MOST_ITEMS)
        found += [message_of(api, line) for line in lines[:MOST_ITEMS]]
        if len(lines) <= MOST_ITEMS:
            return found


def _without_hidden(caller: Caller, content: JsonObject) -> JsonObject:
    """Notes and whispers only for a key with their scopes, here as everywhere."""
    hidden, messages = kept_from(caller.reach.viewer), content["messages"]
    assert isinstance(messages, list)  # noqa: S101 - as it was collected
    shown: list[Json] = [row for row in messages if isinstance(row, dict) and row["visibility"] not in hidden]
    return {**content, "messages": shown}
