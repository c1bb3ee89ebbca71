"""Consent beside a conversation: whether this customer agreed to news and offers, and the buttons that note it."""

from sqlalchemy.ext.asyncio import AsyncSession

from config.business import Business
from crm_core.access import Action, require
from crm_core.campaign_values import Purpose
from crm_core.consents import ConsentSource, Said, consent_of, give_consent, withdraw_consent
from crm_core.conversations import lock_conversation
from crm_core.events import Actor
from desk.change import Change
from desk.consent_texts import consent_version
from desk.people import Chip
from desk.reader import Reader
from desk.views import ShownConsent


async def read_consent(
    session: AsyncSession, reader: Reader, business: Business, contact: tuple[int, str | None]
) -> ShownConsent:
    """`contact`: whose, and in which language they would agree."""
    contact_id, language = contact
    words = reader.words
    found = await consent_of(session, contact_id)
    wanted = language or business.company.languages[0]
    text = business.consents.text(Purpose.MARKETING, wanted) or ""
    hint = words("consent.give_hint", text=text) if text else ""
    if found is None:
        return ShownConsent(is_given=False, chip=Chip(words("consent.never"), ""), since="", hint=hint)
    chip = Chip(words("consent.given"), "ok") if found.is_given else Chip(words("consent.withdrawn"), "bad")
    return ShownConsent(found.is_given, chip, reader.clock.day(found.at) if found.at else "", hint)


async def note_consent(session: AsyncSession, change: Change, business: Business) -> None:
    """What the customer said, written down by whoever sees the conversation. Raises NotFound for others."""
    reader = change.reader
    conversation = await lock_conversation(session, change.conversation_id)
    require(reader.reach, Action.NOTE, conversation)
    said = Said(Actor.agent(reader.viewer.user_id), ConsentSource.AGENT, consent_version(business))
    note = give_consent if change.fields.get("agreed") == "1" else withdraw_consent
    await note(session, reader.now, conversation.contact_id, said)
