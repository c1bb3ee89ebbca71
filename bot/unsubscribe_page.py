"""The page behind the link in every campaign's letter: one press ends them all; mail programs press by themselves."""

from dataclasses import dataclass
from html import escape

from fastapi import APIRouter, Request, Response

from bot.campaigns import UnsubscribeLinks
from bot.rating_page import page_of
from bot.replies import Replies
from channels.payload import read_limited
from config.business import Business
from crm_core import models
from crm_core.consents import ConsentSource, Said, consent_of, withdraw_consent
from crm_core.contacts import standing_contact
from crm_core.contracts import ContactId
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.events import CONTACT

MOST_FORM_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    sessions: Sessions
    business: Business
    replies: Replies
    links: UnsubscribeLinks


def unsubscribe_routes(parts: Unsubscribing) -> APIRouter:
    """RFC 8058: GET only shows, because mail programs look behind links; POST needs no cookie and no second step."""
    router = APIRouter(include_in_schema=False)
    pages = _Pages(parts)

    @router.get("/unsubscribe/{token}")
    async def ask(token: str) -> Response:
        contact_id = parts.links.contact_of(token)
        if contact_id is None:
            return pages.told(pages.default, "unsubscribe_unknown", 404)
        language, is_over = await pages.standing_of(contact_id)
        return pages.told(language, "unsubscribe_done") if is_over else pages.question(language)

    @router.post("/unsubscribe/{token}")
    async def leave(request: Request, token: str) -> Response:
        contact_id = parts.links.contact_of(token)
        await read_limited(request.stream(), request.headers.get("content-length"), MOST_FORM_BYTES)
        if contact_id is None:
            return pages.told(pages.default, "unsubscribe_unknown", 404)
        async with unit_of_work(parts.sessions) as session:
            standing = await standing_contact(session, contact_id)
            for each in {contact_id, standing}:
                await withdraw_consent(session, utc_now(), each, Said(CONTACT, ConsentSource.LINK))
        language, _ = await pages.standing_of(contact_id)
        return pages.told(language, "unsubscribe_done")

    return router


@dataclass(frozen=True, slots=True)
class _Pages:
    parts: Unsubscribing

    @property
    def default(self) -> str:
        return self.parts.business.company.languages[0]

    async def standing_of(self, contact_id: ContactId) -> tuple[str, bool]:
        """Their language, and whether they left already."""
        async with unit_of_work(self.parts.sessions) as session:
            contact = await session.get(models.Contact, contact_id)
            consent = await consent_of(session, contact_id)
        language = (contact.language if contact is not None else None) or self.default
        return language, consent is not None and not consent.is_given

    def question(self, language: str) -> Response:
        ask, hint, button = (self._text(f"unsubscribe_{key}", language) for key in ("ask", "hint", "button"))
        body = f'<h1>{ask}</h1><p>{hint}</p><form method="post"><button>{button}</button></form>'
        return page_of(self.parts.business.company.name, language, body)

    def told(self, language: str, key: str, status: int = 200) -> Response:
        return page_of(self.parts.business.company.name, language, f"<h1>{self._text(key, language)}</h1>", status)

    def _text(self, key: str, language: str) -> str:
        return escape(self.parts.replies.say(key, language, company=self.parts.business.company.name))
