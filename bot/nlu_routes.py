"""`POST /model/parse` as Rasa serves it, for whoever knows the token of the settings."""

import asyncio
import json
from collections.abc import Mapping
from hmac import compare_digest

from fastapi import APIRouter, Request, Response

from bot.services import Services
from nlu.rasa_shape import command_shape, failure_shape, rasa_shape

MOST_BYTES = 1_000_000  # Rasa takes a hundred of them
_SECURITY_PAGE = "https://rasa.com/docs/rasa/user-guide/configuring-http-api/#security-considerations"


class _RefusedError(Exception):
    """Told to the caller as Rasa tells it: status, reason, message, page of help."""

    def __init__(self, status: int, reason: str, message: str, help_url: str | None = None) -> None:
        super().__init__(message)
        self.status, self.shape = status, failure_shape(status, reason, message, help_url)


def nlu_routes(services: Services) -> APIRouter:
    """Nothing at all without a token: then there is no such page."""
    router = APIRouter()
    token = services.settings.nlu.parse_token
    if token is None or not token.get_secret_value():
        return router
    secret = token.get_secret_value()

    @router.post("/model/parse")
    async def parse(request: Request) -> Response:
        try:
            body = await _body(request)
            content = _json(body)
            _let_in(request, content, secret)
            return _told(await _parsed(services, _text(request, body, content)), 200)
        except _RefusedError as refused:
            return _told(refused.shape, refused.status)

    return router


async def _parsed(services: Services, text: str) -> Mapping[str, object]:
    command = command_shape(text)
    if command is not None:
        return command
    languages = services.business.company.languages
    try:
        async with asyncio.timeout(services.settings.turn.nlu_timeout_s):
            result = await asyncio.to_thread(services.nlu.parse, text, languages=languages)
    except TimeoutError as error:
        raise _broken("it took too long") from error
    return rasa_shape(text, result)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _RefusedError(413, "RequestEntityTooLarge", f"At most {MOST_BYTES} bytes are read.")
    return body


def _json(body: bytes) -> object:
    """None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _told(shape: Mapping[str, object], status: int) -> Response:
    """In ASCII, as Rasa: half of a surrogate pair in a text has no UTF-8."""
    return Response(json.dumps(shape), status, media_type="application/json")


def _let_in(request: Request, content: object, secret: str) -> None:
    """As Rasa's server asks for it (`?token=`), as bearer, or where Rasa's own client puts it: into the body."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    inside = content.get("token") if isinstance(content, Mapping) else None
    given = [request.query_params.get("token"), bearer if scheme.lower() == "bearer" else None, inside]
    wanted = secret.encode()
    if not any(compare_digest(one.encode(errors="replace"), wanted) for one in given if isinstance(one, str)):
        raise _RefusedError(401, "NotAuthenticated", "User is not authenticated.", _SECURITY_PAGE)


def _text(request: Request, body: bytes, content: object) -> str:
    """Of a dictionary with “text”, or with a list of texts, of which Rasa takes the first."""
    if request.query_params.get("emulation_mode"):
        raise _RefusedError(400, "BadRequest", "emulation_mode is not served: only Rasa's own shape is.")
    if not body:
        what = "No text message defined in request_body. Add text message to request body"
        raise _RefusedError(400, "BadRequest", f"{what} in order to obtain the intent and extracted entities.")
    if content is None and body.strip() != b"null":
        raise _broken("Failed when parsing body as json")
    if not isinstance(content, Mapping):
        raise _broken("the body is no object")
    told = content.get("text", "")
    text = told[0] if isinstance(told, list) and told else told
    if "text" not in content or not isinstance(text, str):
        raise _broken("'text'")
    return text.strip()


def _broken(message: str) -> _RefusedError:
    return _RefusedError(500, "ParsingError", f"An unexpected error occurred. Error: {message}")
