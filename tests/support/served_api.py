"""The API on a port, in a process of its own, over a small contact centre.

`python -m tests.support.served_api DATABASE_URL PORT` serves with one key that has every scope, and prints it.
"""

import asyncio
import sys

import uvicorn

from config.business import read_business
from config.settings import ROOT, ApiSettings, Settings
from crm_core.contracts import Identity, Inbound
from crm_core.db import open_engine, open_sessions, utc_now
from tests.support.api_program import ApiParts
from tests.support.desk_app import DeskErp, sample_orders
from tests.support.desk_client import Clock
from tests.support.factories import Centre, visitor

CUSTOMER = Identity(email="maria@example.com", name="María López", customer_ref="C-1001")


async def serve(url: str, port: int) -> None:
    """Conversations in several states, the first of them of a customer who has proven who they are."""
    sessions, now = open_sessions(open_engine(url, pool_size=20)), utc_now()
    centre = await Centre(sessions, now).open()
    first = await centre.deliver(Inbound("first", visitor("maria"), "Where is my order 100234?", identity=CUSTOMER))
    await centre.set_state("elena")
    await centre.assigned("elena", "v2")
    await centre.waiting("v3", "billing", inbox="mail")
    settings = Settings(api=ApiSettings(per_s=10_000, burst=100_000))
    parts = ApiParts(sessions, read_business(ROOT / "config"), Clock(now), DeskErp(sample_orders(now)), settings)
    key = (await parts.program(None)).key  # type: ignore[arg-type]
    print(key, first.conversation_id, flush=True)  # noqa: T201 - for who started us
    config = uvicorn.Config(parts.app(), port=port, log_level="critical", lifespan="off")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
