from datetime import datetime

from sqlalchemy import insert

from crm_core import models
from crm_core.contracts import Address, AddressKind, Inbound, InboxId
from crm_core.db import Sessions, unit_of_work
from crm_core.intake import receive


async def test_intake_goes_on_when_the_server_makes_a_generic_plan(sessions: Sessions, now: datetime) -> None:
    """PostgreSQL plans a prepared statement generically from its sixth run on."""
    async with unit_of_work(sessions) as session:
        inbox = insert(models.Inbox).values(key="web", channel="webchat", name="Web")
        inbox_id = InboxId(int(await session.scalar(inbox.returning(models.Inbox.id)) or 0))
    async with unit_of_work(sessions) as session:
        for number in range(12):
            sender = Address(AddressKind.WEB, f"visitor-{number}")
            assert (await receive(session, now, inbox_id, Inbound(f"m-{number}", sender, "Hello"))).is_new
