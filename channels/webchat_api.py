"""Web chat over HTTP: visitors, messages, the long poll, and the forms around a conversation."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from channels.payload import read_json
from channels.webchat_edge import ChatEdge, inbound_of
from channels.webchat_http import body_of, chat_route, client_of, visitor_of
from channels.webchat_identity import Visitor
from channels.webchat_messages import (
    MOST_ID,
    OfflineBody,
    ReadFrame,
    SurveyBody,
    TranscriptBody,
    VisitorBody,
    updates_json,
    with_typing,
)
from channels.webchat_types import Accepted, ChatUpdates, LeftContact, SurveyAnswer

LONGEST_POLL_S = 25
CALLED = ("visitors", "status", "messages", "read", "typing", "survey", "transcript", "offline", "attachments")
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-File-Name",
    "Access-Control-Max-Age": "600",
}


def visitor_routes(edge: ChatEdge) -> APIRouter:
    """Who chats, and whether anybody is there."""
    router = APIRouter(prefix="/chat/{inbox_key}", route_class=chat_route(edge), tags=["web chat"])
    ports = edge.ports

    for path in CALLED:
        router.add_api_route(f"/{path}", _preflight, methods=["OPTIONS"], include_in_schema=False)

    @router.post("/visitors")
    async def make_visitor(request: Request, inbox_key: str) -> Response:
        edge.limit(edge.limiters.visitors, client_of(request))
        visitor = edge.new_visitor(edge.inbox(inbox_key), read_json(VisitorBody, await body_of(request) or b"{}"))
        return JSONResponse(
            {
                "visitor_id": visitor.id,
                "token": edge.tokens.issue(visitor),
                "name": visitor.identity.name if visitor.identity else None,
            },
            201,
        )

    @router.get("/status")
    async def status(inbox_key: str) -> Response:
        edge.inbox(inbox_key)
        return JSONResponse({"open": await ports.open_now()})

    return router


def message_routes(edge: ChatEdge) -> APIRouter:
    """What the widget does without a socket."""
    router = APIRouter(prefix="/chat/{inbox_key}", route_class=chat_route(edge), tags=["web chat"])
    ports = edge.ports

    @router.post("/messages")
    async def send_message(request: Request) -> Response:
        visitor = visitor_of(edge, request)
        client_id, accepted = await edge.accept(visitor, await body_of(request))
        return _accepted(client_id, accepted)

    @router.get("/messages")
    async def read_messages(
        request: Request,
        after: Annotated[int, Query(ge=0, le=MOST_ID)] = 0,
        wait: Annotated[int, Query(ge=0, le=LONGEST_POLL_S)] = 0,
    ) -> Response:
        return JSONResponse(updates_json(await _poll(edge, visitor_of(edge, request), after, wait)))

    @router.post("/read")
    async def mark_read(request: Request, inbox_key: str) -> Response:
        visitor = visitor_of(edge, request)
        edge.limit(edge.limiters.frames, visitor.id)
        frame = read_json(ReadFrame, await body_of(request))
        await ports.mark_read(inbox_key, visitor.address, frame.message_id)
        return Response(None, 204)

    @router.post("/typing")
    async def typing(request: Request, inbox_key: str) -> Response:
        visitor = visitor_of(edge, request)
        edge.limit(edge.limiters.frames, visitor.id)
        await ports.typing(inbox_key, visitor.address)
        return Response(None, 204)

    return router


def form_routes(edge: ChatEdge) -> APIRouter:
    """The survey, the transcript by mail, and the letter-box of a closed desk."""
    router = APIRouter(prefix="/chat/{inbox_key}", route_class=chat_route(edge), tags=["web chat"])
    ports = edge.ports

    @router.post("/survey")
    async def answer_survey(request: Request, inbox_key: str) -> Response:
        visitor = visitor_of(edge, request)
        edge.limit(edge.limiters.frames, visitor.id)
        answer = read_json(SurveyBody, await body_of(request))
        await ports.answer_survey(inbox_key, visitor.address, SurveyAnswer(answer.score, answer.comment))
        return Response(None, 204)

    @router.post("/transcript")
    async def request_transcript(request: Request, inbox_key: str) -> Response:
        visitor = visitor_of(edge, request)
        wanted = read_json(TranscriptBody, await body_of(request))
        edge.limit(edge.limiters.letters, visitor.id, client_of(request), wanted.email.lower())
        await ports.request_transcript(inbox_key, visitor.address, wanted.email)
        return Response(None, 202)

    @router.post("/offline")
    async def leave_message(request: Request, inbox_key: str) -> Response:
        visitor = visitor_of(edge, request)
        raw = await body_of(request)
        left = read_json(OfflineBody, raw)
        edge.limit(edge.limiters.letters, f"offline {visitor.id}", f"offline {client_of(request)}")
        inbound = await edge.with_files(inbound_of(visitor, left, raw))
        accepted = await ports.leave_message(inbox_key, inbound, LeftContact(left.email, left.name))
        return _accepted(left.id, accepted)

    return router


async def _preflight() -> Response:
    return Response(None, 204, PREFLIGHT)


def _accepted(client_id: str, accepted: Accepted) -> Response:
    return JSONResponse({"id": client_id, "message_id": accepted.message_id, "duplicate": accepted.duplicate})


async def _poll(edge: ChatEdge, visitor: Visitor, after: int, wait_s: int) -> ChatUpdates:
    """What is new after `after`; without anything, whatever comes within `wait_s`."""
    look = edge.ports.updates
    if not wait_s:
        return await look(visitor.inbox_key, visitor.address, after)
    async with edge.ports.watch(visitor.inbox_key, visitor.address) as subscription:
        updates = await look(visitor.inbox_key, visitor.address, after)
        if updates.entries:
            return updates
        woken = await subscription.wait(wait_s)
        updates = await look(visitor.inbox_key, visitor.address, after)
        return with_typing(updates, subscription.typing_by if woken else None)
