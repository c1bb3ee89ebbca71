"""The postman of a worker as a process of its own, to be killed; `broken` writes down a delivery before it is one.

`python -m tests.support.postman_process DATABASE_URL [broken]`
"""

import asyncio
import sys

from bot.postman import Postman, Sender
from config.settings import WebhookSettings
from crm_core.db import open_engine, open_sessions
from crm_core.webhook_sending import Claimed, Tried

KEY, LEASE_S, IN_HAND_S = b"any", 1.0, 0.5


class Hasty(Sender):
    """Must lose what it had in hand when it is killed."""

    async def deliver(self, claimed: Claimed) -> None:
        await self.settle(claimed, Tried(200, "http_200", 0))
        await asyncio.sleep(IN_HAND_S)
        await self.post(self._letter(claimed), self.guard, self.settings.timeout_s)


async def deliver_for_ever(url: str, *, is_broken: bool) -> None:
    kind = Hasty if is_broken else Sender
    sender = kind(
        open_sessions(open_engine(url, pool_size=10)), KEY, WebhookSettings(allow_private=True), lease_s=LEASE_S
    )
    await Postman(sender).run()


if __name__ == "__main__":
    asyncio.run(deliver_for_ever(sys.argv[1], is_broken="broken" in sys.argv))
