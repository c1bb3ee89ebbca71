"""Campaigns by the clock: due ones are drawn, their messages posted as fast as the rates allow, ended ones closed."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.secret import derived_key
from config.business import Business
from crm_core.audience import Terms, terms_of
from crm_core.campaign_sending import Outcome, Poster, post_next
from crm_core.campaigns import draw, due_campaigns, finish_campaigns
from crm_core.contracts import ContactId
from crm_core.db import Sessions, unit_of_work
from crm_core.leads import settle_won

log = structlog.get_logger(__name__)

CAMPAIGNS_EVERY_S, LEADS_EVERY_S = 5.0, 600.0
MOST_AT_ONCE = 500  # then the other chores have their turn


@dataclass(frozen=True, slots=True)
class UnsubscribeLinks:
    """Each is the whole permission to end the messages to one contact, and nothing else."""

    base_url: str
    key: bytes

    def of(self, contact_id: ContactId) -> str:
        return f"{self.base_url}/unsubscribe/{contact_id}.{self._mac(contact_id)}"

    def contact_of(self, token: str) -> ContactId | None:
        """None for a token that we did not make."""
        number, _, mac = token.partition(".")
        if not (number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 - bigint
            return None
        return ContactId(int(number)) if hmac.compare_digest(mac.encode(), self._mac(int(number)).encode()) else None

    def _mac(self, contact_id: int) -> str:
        key = derived_key(self.key, "unsubscribe")
        return hmac.new(key, str(contact_id).encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Campaigning:
    """Any number of workers may run it: a lock in each transaction lets one act at a time."""

    sessions: Sessions
    poster: Callable[[], Poster]  # asked each time: the rules may change while we run

    async def carry_on(self, now: datetime) -> int:
        """How many messages were posted."""
        poster, posted = self.poster(), 0
        await self._draw_due(now, poster.terms)
        for _ in range(MOST_AT_ONCE):
            async with unit_of_work(self.sessions) as session:
                outcome = await post_next(session, now, poster)
            if outcome is Outcome.NOTHING:
                break
            posted += outcome is Outcome.POSTED
        async with unit_of_work(self.sessions) as session:
            await finish_campaigns(session, now)
        return posted

    async def settle_leads(self, now: datetime) -> int:
        """Leads whose customer ordered since."""
        async with unit_of_work(self.sessions) as session:
            return await settle_won(session, now)

    async def _draw_due(self, now: datetime, terms: Terms) -> None:
        async with unit_of_work(self.sessions) as session:
            due = await due_campaigns(session, now)
        for campaign_id in due:
            async with unit_of_work(self.sessions) as session:
                drawn = await draw(session, now, terms, campaign_id)
            log.info("campaign.drawn", campaign_id=campaign_id, people=drawn)


def campaigning(sessions: Sessions, business: Business, links: UnsubscribeLinks) -> Campaigning:
    return Campaigning(sessions, lambda: Poster(terms_of(business), links.of))
