"""The page behind the link of a rating: asked by letter, answered by one press; the link alone is the permission."""

import hashlib
import hmac
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.secret import derived_key
from bot.services import Services
from channels.payload import read_limited
from crm_core import models
from crm_core.contracts import ConversationId
from crm_core.db import unit_of_work, utc_now
from crm_core.errors import Malformed, SwitchboardError
from crm_core.surveys import HIGHEST, LOWEST, answer_survey

MOST_FORM_BYTES = 20_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
}  # fmt: skip
STYLE = (
    ":root{color-scheme:light dark}body{max-width:34rem;margin:12vh auto;padding:0 20px;"
    "font:17px/1.5 system-ui,sans-serif}textarea{display:block;width:100%;box-sizing:border-box;min-height:5em;"
    "margin:16px 0;padding:10px;font:inherit}fieldset{border:0;padding:0;margin:0;display:flex;gap:10px;flex-wrap:wrap}"
    "label{display:flex;gap:6px;padding:10px 14px;border:1px solid;border-radius:10px;cursor:pointer}"
    "button{font:inherit;padding:10px 22px;border-radius:10px;cursor:pointer}"
)


def rating_link(services: Services, conversation_id: int) -> str:
    return f"{services.settings.base_url}/rate/{conversation_id}.{_mac(services.key, conversation_id)}"


def rating_routes(services: Services) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    pages = _Pages(services)

    @router.get("/rate/{token}")
    async def ask(token: str) -> Response:
        """Changes nothing: mail programs look behind links by themselves."""
        conversation_id = _conversation_of(services.key, token)
        if conversation_id is None:
            return pages.told(pages.default, "rating_gone", 404)
        return pages.question(await pages.language_of(conversation_id))

    @router.post("/rate/{token}")
    async def answer(request: Request, token: str) -> Response:
        conversation_id = _conversation_of(services.key, token)
        if conversation_id is None:
            return pages.told(pages.default, "rating_gone", 404)
        body = await read_limited(request.stream(), request.headers.get("content-length"), MOST_FORM_BYTES)
        language = await pages.language_of(conversation_id)
        try:
            form = _fields(body)
            async with unit_of_work(services.sessions) as session:
                score, comment = _score(form.get("score", "")), form.get("comment", "").strip()
                await answer_survey(session, utc_now(), ConversationId(conversation_id), score, comment or None)
        except SwitchboardError as error:
            return pages.told(language, "rating_gone", error.status)
        return pages.told(language, "rating_thanks")

    return router


def _fields(body: bytes) -> dict[str, str]:
    """Raises Malformed for more fields than the page has."""
    try:
        return dict(parse_qsl(body.decode("utf-8", errors="replace"), max_num_fields=10))
    except ValueError as error:
        raise Malformed("This form cannot be read.") from error


def _score(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) == 1 else 0


@dataclass(frozen=True, slots=True)
class _Pages:
    """The question and its answers, in the customer's language."""

    services: Services

    @property
    def default(self) -> str:
        return self.services.business.company.languages[0]

    async def language_of(self, conversation_id: int) -> str:
        async with unit_of_work(self.services.sessions) as session:
            found = await session.get(models.Conversation, conversation_id)
        return (found.language if found is not None else None) or self.default

    def question(self, language: str) -> Response:
        choices = "".join(
            f'<label><input type="radio" name="score" value="{score}" required>{score}</label>'
            for score in range(LOWEST, HIGHEST + 1)
        )
        question, comment, send = (self._text(f"rating_{key}", language) for key in ("ask", "comment", "send"))
        return self._page(
            language,
            f'<h1>{question}</h1><form method="post"><fieldset aria-label="{question}">{choices}</fieldset>'
            f'<textarea name="comment" maxlength="2000" aria-label="{comment}" placeholder="{comment}"></textarea>'
            f"<button>{send}</button></form>",
        )

    def told(self, language: str, key: str, status: int = 200) -> Response:
        return self._page(language, f"<h1>{self._text(key, language)}</h1>", status)

    def _text(self, key: str, language: str) -> str:
        return escape(self.services.turn.dialogue.replies.say(key, language))

    def _page(self, language: str, body: str, status: int = 200) -> Response:
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        title = f"<title>{escape(self.services.business.company.name)}</title>"
        html = (
            f'<!doctype html><html lang="{language}"><head>{head}{title}</head><body><main>{body}</main></body></html>'
        )
        return HTMLResponse(html, status, HEADERS)


def _mac(key: bytes, conversation_id: int) -> str:
    return hmac.digest(derived_key(key, "rating"), str(conversation_id).encode(), hashlib.sha256).hex()[:32]


def _conversation_of(key: bytes, token: str) -> int | None:
    number, _, mac = token.partition(".")
    if not number.isascii() or not number.isdigit() or len(number) > 18:  # noqa: PLR2004 - bigint
        return None
    expected = _mac(key, int(number))
    return int(number) if mac.isascii() and hmac.compare_digest(mac, expected) else None
