"""What has been kept long enough goes by night: words and files, never figures, and never what is still in work."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot.retention import Retaining
from config.business import Business
from config.retention import Retention
from crm_core import models
from crm_core.blobs import FolderBlobStore
from crm_core.contracts import Attachment
from crm_core.db import Sessions, unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.retention import expired
from crm_core.staff import create_user
from tests.support.desk_client import STAFF
from tests.support.desk_seed import seed_afternoon

ALL = Retention(messages_days=30, attachments_days=30, recordings_days=30, raw_mail_days=30, logs_days=30)
CANARY = "Su pedido 100234 llega el 18 de noviembre."


@pytest.fixture
async def seeded(sessions: Sessions, now: datetime) -> dict[str, int]:
    async with unit_of_work(sessions) as session:
        ids = [await create_user(session, now, STAFF[name]) for name in ("elena", "pavel")]
        return await seed_afternoon(session, now, *ids)


@pytest.fixture
def retaining(sessions: Sessions, business: Business, tmp_path: Path) -> Retaining:
    return Retaining(sessions, business, FolderBlobStore(tmp_path / "blobs"))


async def texts(sessions: Sessions, conversation_id: int) -> list[str]:
    async with sessions() as session:
        statement = select(models.Message.text).where(models.Message.conversation_id == conversation_id)
        return list(await session.scalars(statement.order_by(models.Message.id)))


async def test_the_count_before_is_what_goes(
    retaining: Retaining, sessions: Sessions, seeded: dict[str, int], now: datetime
) -> None:
    later = now + timedelta(days=40)
    async with sessions() as session:
        counted = await expired(session, later, ALL)
        events = await session.scalar(select(func.count()).select_from(models.Event))
        raw = await session.scalar(select(func.count()).select_from(models.InboundPayload))
    assert counted["messages"] > 0
    assert counted["raw_mail"] == raw
    retaining.business.retention = ALL
    await retaining.carry_out(later)
    async with sessions() as session:
        assert not any((await expired(session, later, ALL)).values())
        assert await session.scalar(select(func.count()).select_from(models.Event)) == events
        assert await session.scalar(select(func.count()).select_from(models.InboundPayload)) == 0
        trail = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "data_expired"))).one()
    assert trail.detail["raw_mail"] == raw
    assert set(await texts(sessions, seeded["maria_before"])) == {"erased"}


async def test_what_is_still_in_work_is_spared(
    retaining: Retaining, sessions: Sessions, seeded: dict[str, int], now: datetime
) -> None:
    before = await texts(sessions, seeded["maria"])
    retaining.business.retention = Retention(messages_days=30, attachments_days=1)
    await retaining.carry_out(now + timedelta(days=400))
    assert await texts(sessions, seeded["maria"]) == before


async def test_without_a_limit_nothing_goes(
    retaining: Retaining, sessions: Sessions, seeded: dict[str, int], now: datetime
) -> None:
    await retaining.carry_out(now + timedelta(days=4_000))
    assert CANARY in await texts(sessions, seeded["maria_before"])


async def test_the_words_go_from_what_the_provider_sent_too(
    retaining: Retaining, sessions: Sessions, seeded: dict[str, int], now: datetime
) -> None:
    retaining.business.retention = Retention(messages_days=30)
    message, payload = models.Message, models.InboundPayload
    of_it = select(message.external_id).where(message.conversation_id == seeded["maria_before"])
    async with sessions() as session:
        names = list(await session.scalars(of_it.where(message.external_id.is_not(None))))
        assert await session.scalar(select(func.count()).where(payload.external_id.in_(names)))
    await retaining.carry_out(now + timedelta(days=60))
    async with sessions() as session:
        assert await session.scalar(select(func.count()).where(payload.external_id.in_(names))) == 0


@pytest.mark.parametrize(("kind", "channel"), [("recordings", "phone"), ("attachments", "webchat")])
async def test_a_file_goes_with_its_row(
    retaining: Retaining, sessions: Sessions, seeded: dict[str, int], now: datetime, kind: str, channel: str
) -> None:
    token = await retaining.blobs.put(Attachment("call.mp3", "audio/mpeg", b"sound"))
    kept = await retaining.blobs.put(Attachment("new.mp3", "audio/mpeg", b"sound"))
    async with unit_of_work(sessions) as session:
        thread = await session.get_one(models.Conversation, seeded["maria_before"])
        await session.execute(update(models.Inbox).where(models.Inbox.id == thread.inbox_id).values(channel=channel))
        message = select(models.Message.id).where(models.Message.conversation_id == thread.id).limit(1)
        number = await session.scalar(message)
        for each in (token, kept):
            session.add(models.AttachmentRow(conversation_id=thread.id if each == token else seeded["maria"],
                                             message_id=number, token=each, name="call.mp3",
                                             content_type="audio/mpeg", size=5))  # fmt: skip
    retaining.business.retention = Retention.model_validate({f"{kind}_days": 30})
    await retaining.carry_out(now + timedelta(days=60))
    assert await retaining.blobs.get(token) is None
    assert await retaining.blobs.get(kept) is not None


async def test_it_waits_for_the_night(
    retaining: Retaining, sessions: Sessions, seeded: dict[str, int], now: datetime
) -> None:
    retaining.business.retention = ALL
    day = (now + timedelta(days=60)).replace(hour=12)
    await retaining.by_night(day)
    assert CANARY in await texts(sessions, seeded["maria_before"])
    await retaining.by_night(day.replace(hour=2))
    assert CANARY not in await texts(sessions, seeded["maria_before"])
