"""One request to any route of the application, as one kind of caller sends it, and what came back in a word."""

import re
from asyncio import timeout
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import httpx

from bot.rating_page import rating_link
from desk.guard import FORM_COOKIE
from tests.support.asgi_socket import PATIENCE_S, AsgiSocket, open_socket
from tests.support.assembled import BASE, RouteName
from tests.support.callers import CANARY, MAY_CHANGE, SAID, Caller, Household, Planted

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
OURS = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
_MESSAGE = {"id": "message-1", "text": "Hello"}
# where the address alone does not ask for what the page could show
_QUERIES = {
    "/desk": "tab=all", "/desk/search": "q=canary", "/desk/find": "q=Kanarinia", "/desk/reports/csv": "table=queues",
}  # fmt: skip
_CHAT = {
    "messages": _MESSAGE, "read": {"message_id": 1}, "survey": {"score": 5}, "transcript": {"email": "a@b.example"},
    "offline": _MESSAGE | {"email": "a@b.example"}, "visitors": {}, "typing": {},
}  # fmt: skip
# of every form the fields that make it a possible one; what a route does not know it must not read
_FIELDS = {
    "text": "Hello", "to": "queue:service", "rest": "hour", "disposition": "resolved", "after": "0",
    "intent": "complaint", "merge": "1", "state": "away", "verb": "link", "name": "Kept", "role": "agent",
    "password": "wrong", "old": "wrong", "new": "wrong", "verdict": "resend",
    "held": "1", "inbox": "1", "address": "1", "score": "5", "id": "00", "query": "q=x",
}  # fmt: skip


# a name that is there, by the page before it
_KEYS = {
    "queues": "service", "sla": "standard", "hours": "main", "macros": "greeting", "dispositions": "resolved",
    "consents": "messages", "channels": "web", "erp": "shop",
}  # fmt: skip


class Cell(StrEnum):
    """`SEES`: the customer's name or words stood in the answer. `BAD`: past the door, but asked wrongly."""

    SEES = "sees"
    OK = "ok"
    BAD = "bad"
    LOGIN = "login"
    NO = "no"
    NONE = "none"


async def ask(house: Household, route: RouteName, caller: Caller, changed: Mapping[str, str] | None = None) -> Cell:
    """With all that a page of ours would add to the request, so that only who asks decides; `changed` are headers."""
    spends = route.method == "POST" and "{conversation_id}" in route.path and caller in MAY_CHANGE
    planted = await house.plant() if spends else house.first
    path = _address(house, route, planted)
    is_change = route.method == "POST"
    headers = OURS | await house.credentials(caller, is_spent=is_change) | (changed or {})
    if route.method == "WS":
        return await _ask_socket(house, path, headers | {"Host": "desk.test"}, planted)
    if is_change:  # htmx is told of a missing session by a status, a form by the way to the log-in page
        headers["HX-Request"] = "true"
    if route.path.startswith(("/desk/login", "/desk/setup")):
        headers["Cookie"] = f"{headers.get('Cookie', 'none=none')}; {FORM_COOKIE}={house.form[0]}"
    async with house.client() as http:
        answer = await http.request(route.method, path, headers=headers, **_body(house, route, planted))
    return _cell(answer)


_STEPS = {"/desk/admin": "company", "/desk/five-steps": "economics"}


def _address(house: Household, route: RouteName, planted: Planted) -> str:
    """The parameters filled with what the canary's conversation has; links that let in are guessed."""
    rating = rating_link(house.services, planted.conversation).rpartition("/")[2]
    known = {
        "conversation_id": planted.conversation, "message_id": planted.message, "user_id": house.staff[Caller.AGENT_B],
        "inbox_key": {"/webhooks/{inbox_key}": "shop"}.get(route.path, "web"), "_name": "invoice.pdf",
        "token": {"/files": planted.file, "/rate": rating}.get(route.path.partition("/{")[0], "guess"),
        "version": "1", "name": "widget.js", "kind": "csv",
        "step": next((step for start, step in _STEPS.items() if route.path.startswith(start)), "turn"),
        "key": _KEYS.get(route.path.partition("/{key}")[0].rpartition("/")[2], "none"),
    }  # fmt: skip
    path = _PARAMETER.sub(lambda found: str(known.get(found[1], 1)), route.path).replace("…", "js/desk.js")
    return f"{path}?{_QUERIES[route.path]}" if route.path in _QUERIES else path


def _body(house: Household, route: RouteName, planted: Planted) -> Mapping[str, Any]:
    if route.method != "POST":
        return {}
    if route.path.startswith("/chat"):
        return {"json": _CHAT.get(route.path.rpartition("/")[2], {})}
    fields = _FIELDS | {"email": f"nobody-{house.next_number()}@desk.test"}  # tries are counted by address
    ids = {"message": str(planted.message), "contact": str(planted.contact), "conversation": str(planted.conversation)}
    return {"data": fields | ids | {"form_token": house.form[1]}}


def _cell(answer: httpx.Response) -> Cell:
    to_login = (
        answer.request.method == "GET" and answer.is_redirect and answer.headers["location"].startswith("/desk/login")
    )
    refused = {401: Cell.LOGIN, 403: Cell.NO, 404: Cell.NONE}
    if to_login or answer.status_code in refused:
        return Cell.LOGIN if to_login else refused[answer.status_code]
    if CANARY in answer.text or SAID in answer.text:
        return Cell.SEES
    return Cell.OK if answer.status_code < 400 else Cell.BAD


async def _ask_socket(house: Household, path: str, headers: dict[str, str], planted: Planted) -> Cell:
    """The first word of either socket, and what comes back of its own accord."""
    hello = {"type": "hello", "token": headers.get("Authorization", "").removeprefix("Bearer "), "after": 0}
    shows = {"watch": planted.conversation, "tab": "all"}
    async with open_socket(house.app, path, headers) as socket:
        if not await socket.accepted():
            return Cell.NO
        await socket.tell(shows if path.startswith("/desk") else hello)
        return await _first_frame(socket)


async def _first_frame(socket: AsgiSocket) -> Cell:
    """Both sockets say at once how things stand, or close."""
    async with timeout(PATIENCE_S):
        message = await socket._to_client.get()
    if message["type"] == "websocket.close":
        return Cell.LOGIN if message["code"] == 4401 else Cell.NO
    if '"error"' in message["text"]:
        return Cell.LOGIN
    return Cell.SEES if CANARY in message["text"] or SAID in message["text"] else Cell.OK
