"""Conversations: listed, read, closed, passed on, snoozed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import answers
from bot.api.caller import Caller, Reads
from bot.api.fields import USUAL_ITEMS, Closing, Cursor, Limit, Passing, PathId, QueryId, QueryText, Snoozing
from bot.api.paging import page_of
from bot.api.routing import api_router
from bot.api.services import Api
from bot.api.writing import Write, Writes
from crm_core import key_work, models
from crm_core.access import Action
from crm_core.contracts import ConversationId, JsonObject, UserId
from crm_core.conversation_list import Wanted, conversation_line, conversation_lines
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.states import ConversationState, Scope


def conversation_routes(api: Api) -> APIRouter:
    router = api_router("conversations")
    _reading(router, api)
    _ending(router, api)
    _passing(router, api)
    return router


def wanted_of(
    state: Annotated[ConversationState | None, Query()] = None, queue: QueryText = None, agent_id: QueryId = None,
    contact_id: QueryId = None, channel: QueryText = None,
) -> Wanted:  # fmt: skip
    return Wanted(state, queue, agent_id, contact_id, channel)


def _reading(router: APIRouter, api: Api) -> None:
    reads = Annotated[Caller, Depends(Reads(api, Scope.CONVERSATIONS_READ))]

    @router.get("/conversations", summary="List conversations, the newest first")
    async def conversations(
        caller: reads, wanted: Annotated[Wanted, Depends(wanted_of)], before: Cursor | None = None,
        limit: Limit = USUAL_ITEMS,
    ) -> answers.Page[answers.Conversation]:  # fmt: skip
        async with unit_of_work(api.services.sessions) as session:
            found = await conversation_lines(session, caller.reach, wanted, before, limit)
        return page_of(answers.Conversation, found, limit)

    @router.get("/conversations/{conversation_id}", summary="Read a conversation")
    async def conversation(caller: reads, conversation_id: PathId) -> answers.Conversation:
        async with unit_of_work(api.services.sessions) as session:
            found = await conversation_line(session, caller.reach, Action.READ, conversation_id)
        return answers.Conversation.model_validate(found)


def _ending(router: APIRouter, api: Api) -> None:
    writes = Annotated[Write, Depends(Writes(api, Scope.CONVERSATIONS_WRITE))]

    @router.post("/conversations/{conversation_id}/close", response_model=answers.ConversationState, summary="Close it")
    async def close(write: writes, conversation_id: PathId, body: Closing) -> Response:
        async def deed(session: AsyncSession) -> JsonObject:
            number, known = ConversationId(conversation_id), tuple(api.services.business.company.dispositions)
            ending = (body.disposition, known)
            return _told(await key_work.close(session, write.caller.now, write.caller.reach, number, ending))

        return await write.once(deed)

    @router.post(
        "/conversations/{conversation_id}/snooze", response_model=answers.ConversationState, summary="Snooze it"
    )
    async def snooze(write: writes, conversation_id: PathId, body: Snoozing) -> Response:
        async def deed(session: AsyncSession) -> JsonObject:
            number = ConversationId(conversation_id)
            return _told(await key_work.snooze(session, write.caller.now, write.caller.reach, number, body.until))

        return await write.once(deed)


def _passing(router: APIRouter, api: Api) -> None:
    writes = Annotated[Write, Depends(Writes(api, Scope.CONVERSATIONS_WRITE))]

    @router.post(
        "/conversations/{conversation_id}/transfer", response_model=answers.ConversationState,
        summary="Pass it to a queue or an agent",
    )  # fmt: skip
    async def transfer(write: writes, conversation_id: PathId, body: Passing) -> Response:
        if (body.queue is None) == (body.agent_id is None):
            raise InvalidInput("Give either “queue” or “agent_id”.")

        async def deed(session: AsyncSession) -> JsonObject:
            number = ConversationId(conversation_id)
            if body.queue is not None:
                passed = await key_work.pass_to_queue(session, write.caller.now, write.caller.reach, number, body.queue)
            else:
                agent_id = UserId(body.agent_id or 0)
                passed = await key_work.offer_to_agent(session, write.caller.now, write.caller.reach, number, agent_id)
            return _told(passed)

        return await write.once(deed)


def _told(one: models.Conversation) -> JsonObject:
    return {"id": one.id, "state": one.state, "queue": one.queue_key, "agent_id": one.agent_id}
