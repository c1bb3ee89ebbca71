"""Web chat over a WebSocket: one reader and one pusher a visitor, idle until something happens."""

import asyncio
import json
import random
from typing import assert_never

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from channels.payload import read_json
from channels.webchat_edge import BODY_BYTES, ChatEdge, TooOften
from channels.webchat_identity import Visitor
from channels.webchat_messages import (
    Frame,
    HelloFrame,
    MessageFrame,
    PingFrame,
    ReadFrame,
    SurveyFrame,
    TypingFrame,
    status_json,
    updates_json,
    with_typing,
)
from channels.webchat_types import ChatState, ChatUpdates, SurveyAnswer
from crm_core.contracts import JsonObject
from crm_core.errors import SwitchboardError, TooLarge

log = structlog.get_logger(__name__)

HELLO_TIMEOUT_S = 10.0
IDLE_TIMEOUT_S = 90.0  # the widget pings every 20 s
QUEUED_LOOK_S = 5.0  # the place in line moves without a signal of one's own conversation
SAFETY_LOOK_S = 60.0
MOST_REFUSALS = 100

MALFORMED, UNAUTHENTICATED, TIMED_OUT, TOO_LARGE, TOO_OFTEN, FAULT = 4400, 4401, 4408, 1009, 4429, 1011
CLOSE_CODES = {"unauthenticated": UNAUTHENTICATED, "too_large": TOO_LARGE}

AnyFrame = MessageFrame | ReadFrame | TypingFrame | SurveyFrame | PingFrame


class ChatSocket:
    """One connection, from `hello` to the close. Errors go out as codes, never as text of an exception."""

    def __init__(self, edge: ChatEdge, socket: WebSocket, inbox_key: str) -> None:
        self._edge, self._socket, self._inbox_key = edge, socket, inbox_key
        self._refusals = 0

    async def serve(self) -> None:
        """The socket was accepted already."""
        try:
            await self._serve()
        except* WebSocketDisconnect:
            pass
        except* SwitchboardError as errors:
            await self._end(_first(errors))
        except* TimeoutError:
            await self._close("timed_out", TIMED_OUT)
        except* Exception as errors:
            log.exception("chat.socket_failed", error=type(_first(errors)).__name__)
            await self._close("fault", FAULT)

    async def _serve(self) -> None:
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            hello = read_json(HelloFrame, await self._frame())
        visitor = self._edge.tokens.read(self._inbox_key, hello.token)
        async with asyncio.TaskGroup() as tasks:
            pusher = tasks.create_task(self._push(visitor, hello.after))
            try:
                await self._read(visitor)
            finally:
                pusher.cancel()

    async def _frame(self) -> bytes:
        """Raises TooLarge, and WebSocketDisconnect at the end."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1000)
        text = message.get("text")
        frame: bytes = text.encode(errors="surrogatepass") if text is not None else message.get("bytes") or b""
        if len(frame) > BODY_BYTES:
            raise TooLarge("The frame is too large.")
        return frame

    async def _send(self, content: JsonObject) -> None:
        await self._socket.send_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")))

    async def _read(self, visitor: Visitor) -> None:
        while True:
            async with asyncio.timeout(IDLE_TIMEOUT_S):
                raw = await self._frame()
            frame = read_json(Frame, raw).root
            try:
                await self._answer(visitor, frame, raw)
            except TooOften as error:
                await self._refuse(frame, error.code, error.retry_after_s)
            except SwitchboardError as error:
                await self._refuse(frame, error.code)

    async def _answer(self, visitor: Visitor, frame: AnyFrame, raw: bytes) -> None:
        ports, address = self._edge.ports, visitor.address
        if not isinstance(frame, MessageFrame):
            self._edge.limit(self._edge.limiters.frames, visitor.id)
        match frame:
            case MessageFrame():
                client_id, accepted = await self._edge.accept(visitor, raw)
                await self._send({"type": "accepted", "id": client_id, "message_id": accepted.message_id})
            case PingFrame():
                await self._send({"type": "pong"})
            case ReadFrame():
                await ports.mark_read(self._inbox_key, address, frame.message_id)
            case TypingFrame():
                await ports.typing(self._inbox_key, address)
            case SurveyFrame():
                await ports.answer_survey(self._inbox_key, address, SurveyAnswer(frame.score, frame.comment))
                await self._send({"type": "survey_stored"})
            case _:
                assert_never(frame)

    async def _refuse(self, frame: AnyFrame, code: str, retry_after_s: float | None = None) -> None:
        """The connection stays, unless it is refused again and again."""
        self._refusals += 1
        if self._refusals > MOST_REFUSALS:
            await self._close(code, TOO_OFTEN)
            raise WebSocketDisconnect(TOO_OFTEN)
        client_id = frame.id if isinstance(frame, MessageFrame) else None
        await self._send({"type": "error", "code": code, "id": client_id, "retry_after_s": retry_after_s})

    async def _push(self, visitor: Visitor, after: int) -> None:
        shown: JsonObject | None = None
        async with self._edge.ports.watch(self._inbox_key, visitor.address) as subscription:
            woken = False
            while True:
                updates = with_typing(await self._look(visitor, after), subscription.typing_by if woken else None)
                status = status_json(updates)
                if updates.entries or updates.typing or status != shown:
                    await self._send(updates_json(updates))
                after = max([after, *(entry.id for entry in updates.entries)])
                shown = status
                pause_s = QUEUED_LOOK_S if updates.state is ChatState.QUEUED else SAFETY_LOOK_S
                woken = await subscription.wait(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - spreads the load

    async def _look(self, visitor: Visitor, after: int) -> ChatUpdates:
        """Waits for the database when it is away: the connection is worth keeping."""
        while True:
            try:
                return await self._edge.ports.updates(self._inbox_key, visitor.address, after)
            except SwitchboardError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(1.0)

    async def _end(self, error: BaseException) -> None:
        code = getattr(error, "code", "malformed")
        await self._close(code, CLOSE_CODES.get(code, MALFORMED))

    async def _close(self, code: str, close_code: int) -> None:
        if self._socket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            await self._send({"type": "error", "code": code, "id": None})
            await self._socket.close(close_code)
        except (WebSocketDisconnect, RuntimeError):
            return


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
