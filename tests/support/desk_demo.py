"""Serve the desk with a seeded afternoon on its own PostgreSQL: `python -m tests.support.desk_demo [port]`."""

import asyncio
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import uvicorn
from pydantic import HttpUrl

from config.business import read_business
from config.settings import ROOT, Settings
from crm_core.blobs import FolderBlobStore
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.dispatcher import Dispatcher
from crm_core.signals import SignalListener
from crm_core.staff import LinkPurpose, NewUser, create_user, issue_link, set_agent_state
from crm_core.states import AgentState, Role
from tests.support.desk_app import DeskErp, DeskParts, sample_orders
from tests.support.desk_seed import seed_afternoon
from tests.support.postgres import migrated_database, running_postgres

SETUP_VALID = timedelta(days=1)
PASSWORD = "correct horse battery staple"
STAFF = (
    NewUser("elena@demo.example", "Elena Moreno", Role.AGENT, ("service", "claims", "billing"), "en", PASSWORD),
    NewUser("pavel@demo.example", "Павел Орлов", Role.AGENT, ("service", "claims"), "ru", PASSWORD),
    NewUser("grace@demo.example", "Grace Hill", Role.SUPERVISOR, ("service",), "en", PASSWORD),
    NewUser("lucia@demo.example", "Lucía Ruiz", Role.SUPERVISOR, ("service",), "es", PASSWORD),
    NewUser("nuevo@demo.example", "Noor Haddad", Role.AGENT, ("nowhere",), "en", PASSWORD),
)


async def serve(url: str, port: int) -> None:
    engine = open_engine(url, pool_size=10)
    sessions = open_sessions(engine)
    async with unit_of_work(sessions) as session:
        now = utc_now()
        ids = [await create_user(session, now, new) for new in STAFF]
        for user_id in ids[:2]:  # who is available gets offers
            await set_agent_state(session, now, user_id, AgentState.AVAILABLE)
        await seed_afternoon(session, now, ids[0], ids[1])
        link = await issue_link(session, now, LinkPurpose.SETUP, valid_for=SETUP_VALID)
    settings = Settings(public_url=HttpUrl(f"http://127.0.0.1:{port}"))
    erp = DeskErp(sample_orders(now))
    blobs = FolderBlobStore(Path(tempfile.gettempdir()) / "desk-demo-blobs")
    parts = DeskParts(sessions, read_business(ROOT / "config"), settings, utc_now, erp, blobs=blobs)
    listener = SignalListener(url)
    listener.subscribe(parts.signals.tell)
    dispatcher = Dispatcher(sessions)
    listener.subscribe(dispatcher.on_signal)
    listening, offering = asyncio.create_task(listener.run()), asyncio.create_task(dispatcher.run(url))
    app = parts.app()

    @app.post("/demo/erp/{state}")
    async def switch_erp(state: str) -> None:
        erp.is_down = state == "down"

    print(f"http://127.0.0.1:{port}/desk  {STAFF[0].email}  {PASSWORD}\nsetup: /desk/setup/{link}", flush=True)  # noqa: T201
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws_max_size=65_536)).serve()
    listening.cancel()
    offering.cancel()
    await engine.dispose()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, running_postgres(Path(folder)) as postgres:
        asyncio.run(serve(migrated_database(postgres, "desk"), int(sys.argv[1]) if len(sys.argv) > 1 else 8462))
