"""`POST /model/parse` as Rasa serves it, for whoever knows the token of the settings."""

import asyncio
import hmac
import json

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from bot.services import Services
from nlu.rasa_shape import rasa_shape

MOST_BYTES = 100_000


def nlu_routes(services: Services) -> APIRouter:
    """Nothing at all without a token: then there is no such page."""
    router = APIRouter()
    token = services.settings.nlu.parse_token
    if token is None:
        return router
    secret = token.get_secret_value()

    @router.post("/model/parse")
    async def parse(request: Request) -> Response:
        if not _is_allowed(request, secret):
            return _refused(401, "NotAuthenticated", "User is not authenticated.")
        body = await request.body()
        text = _text_of(body[: MOST_BYTES + 1])
        if text is None:
            return _refused(400, "ParsingError", "Send JSON with a “text” of at most 100 kB.")
        languages = services.business.company.languages
        result = await asyncio.to_thread(services.nlu.parse, text, languages=languages)
        return JSONResponse(rasa_shape(text, result))

    return router


def _is_allowed(request: Request, secret: str) -> bool:
    given = request.query_params.get("token") or request.headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), secret.encode())


def _text_of(body: bytes) -> str | None:
    if len(body) > MOST_BYTES:
        return None
    try:
        text = json.loads(body)["text"]
    except (ValueError, KeyError, TypeError):
        return None
    return text if isinstance(text, str) else None


def _refused(status: int, reason: str, message: str) -> Response:
    return JSONResponse({"status": "failure", "code": status, "reason": reason, "message": message}, status)
