"""A worker of campaigns that kills itself: `python -m tests.support.campaign_worker URL FILE HOW WHERE AFTER`.

FILE gets a line for each message the channel took, as its recipients would see it. HOW is `careful`, or one of two
ways to do it wrong; WHERE is `posting` or `sending`; it dies at the AFTER-th time, or not at all at 0.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from sqlalchemy import select, update

from bot.campaigns import Campaigning
from bot.metrics import Metrics
from bot.sending import Sending
from channels.protocol import STORED, ChannelRequest
from config.campaign_files import Campaigns
from crm_core import jobs, models
from crm_core.audience import Terms
from crm_core.campaign_sending import Outcome, Poster, post_next
from crm_core.contracts import (
    Capabilities,
    ContactId,
    DeliveryReceipt,
    DeliveryState,
    Incoming,
    InDoubtPolicy,
    Outbound,
)
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work, utc_now
from crm_core.models_campaigns import CampaignMember
from tests.support.marketing import ALWAYS, link_of


@dataclass
class Death:
    """Comes at the `after`-th call, by the signal nobody can catch."""

    after: int

    def __post_init__(self) -> None:
        self._calls = count(1)

    def come_near(self) -> None:
        if next(self._calls) == self.after:
            os.kill(os.getpid(), signal.SIGKILL)


class FileChannel:
    """A mail server that keeps what it took, and dies with us after it took it and before it said so."""

    name = "email"
    capabilities = Capabilities(in_doubt=InDoubtPolicy.REPEAT)
    acknowledgement = STORED

    def __init__(self, path: Path, death: Death) -> None:
        self._path, self._death = path, death

    def verify(self, request: ChannelRequest) -> bool:
        return False

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        return []

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        with self._path.open("a") as taken:
            taken.write(f"{outbound.recipient.value} {outbound.message_id}\n")
        self._death.come_near()
        return DeliveryReceipt(DeliveryState.SENT, external_id=f"sent-{outbound.message_id}")


@dataclass
class Careless:
    """Posts in one transaction and marks in another; `marks_first` turns them round."""

    sessions: Sessions
    poster: Poster
    death: Death
    marks_first: bool

    async def carry_on(self) -> None:
        while True:
            async with unit_of_work(self.sessions) as session:
                before = set((await session.scalars(select(models.Message.id))).all())
                if await post_next(session, utc_now(), self.poster) is Outcome.NOTHING:
                    return
                posted = select(CampaignMember).where(CampaignMember.message_id.not_in(before or {0}))
                member = (await session.scalars(posted)).one()
                message_id, member_id = member.message_id, member.id
                if self.marks_first:
                    await self._unpost(session, message_id)
                else:
                    row = update(CampaignMember).where(CampaignMember.id == member_id)
                    await session.execute(row.values(state="waiting", message_id=None, posted_at=None))
            self.death.come_near()
            async with unit_of_work(self.sessions) as session:
                if self.marks_first:
                    row_m = update(models.Message).where(models.Message.id == message_id)
                    await session.execute(row_m.values(delivery="pending"))
                else:
                    row = update(CampaignMember).where(CampaignMember.id == member_id)
                    await session.execute(row.values(state="posted", message_id=message_id, posted_at=utc_now()))

    async def _unpost(self, session: object, message_id: int | None) -> None:
        row = update(models.Message).where(models.Message.id == message_id).values(delivery="failed")
        await session.execute(row)  # type: ignore[attr-defined]


async def send_all(sessions: Sessions, sending: Sending) -> None:
    while True:
        async with unit_of_work(sessions) as session:
            claimed = await jobs.claim(session, utc_now(), worker="w", limit=16, lease_s=30)
        if not claimed:
            return
        for job in claimed:
            await sending.send(job)


async def work(url: str, path: Path, how: str, where: str, after: int) -> None:
    engine = open_engine(url, pool_size=2)
    sessions, death, never = open_sessions(engine), Death(after), Death(0)

    def link(contact_id: ContactId) -> str:
        if where == "posting" and how == "careful":
            death.come_near()
        return link_of(contact_id)

    rules = Campaigns(quiet_hours=ALWAYS, rates_per_minute={"email": 1_000})
    poster = Poster(Terms(rules, ("en", "ru", "es"), "EUR", "Europe/Madrid", "Oslo"), link)
    sending = Sending(sessions, {"email": FileChannel(path, death if where == "sending" else never)}, Metrics())
    if how == "careful":
        await Campaigning(sessions, lambda: poster).carry_on(utc_now())
    else:
        quiet = replace(poster, link=link_of)
        await Careless(sessions, quiet, death if where == "posting" else never, how == "marks_first").carry_on()
    await send_all(sessions, sending)
    await engine.dispose()


if __name__ == "__main__":
    url, path, how, where, after = sys.argv[1:]
    asyncio.run(work(url, Path(path), how, where, int(after)))
