"""Messages: read in order, and sent through the same outbox as the desk's."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import answers
from bot.api.caller import Caller, Reads
from bot.api.fields import USUAL_ITEMS, Cursor, Limit, NewMessage, PathId
from bot.api.routing import api_router
from bot.api.services import Api
from bot.api.writing import Write, Writes
from crm_core import key_work
from crm_core.access import Action
from crm_core.contracts import ConversationId, JsonObject
from crm_core.conversation_list import MessageLine, conversation_line, message_lines
from crm_core.db import unit_of_work
from crm_core.states import Scope


def message_routes(api: Api) -> APIRouter:
    router = api_router("messages")
    reads = Annotated[Caller, Depends(Reads(api, Scope.CONVERSATIONS_READ))]
    writes = Annotated[Write, Depends(Writes(api, Scope.MESSAGES_WRITE, Scope.NOTES_WRITE))]

    @router.get("/conversations/{conversation_id}/messages", summary="Read messages, the oldest first")
    async def messages(
        caller: reads, conversation_id: PathId, after: Cursor = 0, limit: Limit = USUAL_ITEMS
    ) -> answers.Page[answers.Message]:
        async with unit_of_work(api.services.sessions) as session:
            await conversation_line(session, caller.reach, Action.READ, conversation_id)
            found = await message_lines(session, caller.reach, conversation_id, after, limit)
        items = [message_of(api, line) for line in found[:limit]]
        return answers.Page[answers.Message](items=items, next=items[-1].id if len(found) > limit else None)

    @router.post(
        "/conversations/{conversation_id}/messages", status_code=201, response_model=answers.Changed,
        summary="Reply to the customer, or leave a note",
    )  # fmt: skip
    async def say(write: writes, conversation_id: PathId, body: NewMessage) -> Response:
        say_it = key_work.note_for_colleagues if body.kind == "note" else key_work.say_to_customer

        async def deed(session: AsyncSession) -> JsonObject:
            message_id = await say_it(
                session, write.caller.now, write.caller.reach, ConversationId(conversation_id), body.text
            )
            place = f"/api/v1/conversations/{conversation_id}/messages?after={message_id - 1}&limit=1"
            return {"id": message_id, "url": place}

        return await write.once(deed, status=201)

    return router


def message_of(api: Api, line: MessageLine) -> answers.Message:
    files = [
        {**asdict(file), "url": f"{api.services.settings.base_url}/files/{file.token}/file"} for file in line.files
    ]
    return answers.Message.model_validate({**asdict(line), "files": files})
