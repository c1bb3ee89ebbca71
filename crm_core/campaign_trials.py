"""What a campaign would say, before it says it: samples for the page, and a letter to oneself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.audience import CHANNELS, Terms
from crm_core.campaign_texts import LETTERS, Recipient, Wording, worded
from crm_core.campaign_values import Arm
from crm_core.campaigns import read_campaign
from crm_core.jobs import JobKind, NewJob, enqueue

SAMPLE_NAME = {"en": "Anna", "ru": "Анна", "es": "Ana"}


@dataclass(frozen=True, slots=True)
class Sample:
    """As one person would get it."""

    arm: str
    language: str
    channel: str
    subject: str
    text: str


async def campaign_inboxes(session: AsyncSession) -> Sequence[models.Inbox]:
    """Those that can begin a conversation."""
    inbox = models.Inbox
    return (
        await session.scalars(select(inbox).where(inbox.active, inbox.channel.in_(CHANNELS)).order_by(inbox.id))
    ).all()


def samples(arms: Sequence[Arm], channels: Sequence[str], terms: Terms, link: str) -> list[Sample]:
    """Of each arm in each language: as a letter and as a message, where the campaign uses such channels."""
    kinds = list(dict.fromkeys(channel if channel in LETTERS else "message" for channel in channels))
    return [
        _sample(arm, language, kind, terms, link)
        for arm in arms if not arm.is_hold_out
        for language in terms.languages if language in arm.texts and arm.texts[language].text
        for kind in kinds
    ]  # fmt: skip


def _sample(arm: Arm, language: str, kind: str, terms: Terms, link: str) -> Sample:
    wording = Wording(terms.company, terms.rules.footer, terms.rules.stop_hint)
    to = Recipient(SAMPLE_NAME.get(language, "Anna"), language)
    said = worded(arm.texts[language], to, wording, link=link if kind in LETTERS else None)
    return Sample(arm.key, language, kind, said.subject, said.text)


async def send_trial(
    session: AsyncSession, now: datetime, viewer: Viewer, campaign_id: int, chosen: Sequence[Sample]
) -> str:
    """A letter for each sample to the viewer's own address, which is returned; no customer gets anything."""
    require_role(viewer, Action.CAMPAIGN)
    await read_campaign(session, campaign_id)
    own = await session.get_one(models.User, viewer.user_id)
    for one in chosen:
        subject = f"[{one.arm} · {one.language}] {one.subject or one.text.splitlines()[0]}"
        await enqueue(session, now, NewJob(JobKind.MAIL, None, {
            "to": own.email, "text": one.text, "language": one.language, "subject": subject,
        }))  # fmt: skip
    return own.email
