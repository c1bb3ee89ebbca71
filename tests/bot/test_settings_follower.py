"""A process adopts what administrators set, and goes on with its files when that cannot be used."""

from datetime import datetime

import pytest
from structlog.testing import capture_logs

from bot.settings_follower import SettingsFollower, as_held
from config.business import Business
from crm_core.access import Viewer
from crm_core.contracts import JsonObject
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import Forbidden
from crm_core.settings_store import Edit, changes, held_documents, keep
from crm_core.signals import Signal, Topic
from crm_core.staff import create_user
from crm_core.states import Role
from tests.support.desk_client import STAFF

NO_QUEUE_OF_THIS = {"queues": [{"key": "service", "name": {"en": "Service"}, "teams": ["service"], "sla": "gone"}]}
ONE_QUEUE = {"queues": [{"key": "all", "name": {"en": "All", "ru": "Всё", "es": "Todo"}, "teams": ["service"]}]}


@pytest.fixture
async def viewer(sessions: Sessions, now: datetime) -> Viewer:
    async with unit_of_work(sessions) as session:
        user_id = await create_user(session, now, STAFF["grace"])
    return Viewer(user_id, Role.ADMIN, frozenset(), "Grace")


async def hold(sessions: Sessions, now: datetime, viewer: Viewer, content: JsonObject, base: int = 0) -> None:
    async with unit_of_work(sessions) as session:
        await keep(session, now, viewer, Edit("queues", content, base, {}))


async def test_what_is_held_stands_in_the_place_of_its_file(
    sessions: Sessions, now: datetime, viewer: Viewer, business: Business
) -> None:
    await hold(sessions, now, viewer, ONE_QUEUE)
    for topic, keys in ((Topic.JOB, 3), (Topic.SETTINGS, 1)):
        await SettingsFollower(business, sessions).on_signal(Signal(topic))
        assert len(business.queues.queues) == keys


@pytest.mark.parametrize("content", [NO_QUEUE_OF_THIS, {"queues": []}, {"rows": 1}])
async def test_what_cannot_be_used_leaves_the_files_and_is_told(
    sessions: Sessions, now: datetime, viewer: Viewer, business: Business, content: JsonObject
) -> None:
    await hold(sessions, now, viewer, content)
    with capture_logs() as logs:
        found = await as_held(business, sessions)
    assert found.queues == business.queues
    assert [line["event"] for line in logs] == ["settings.unusable"]


async def test_only_administrators_hold_anything(sessions: Sessions, now: datetime, viewer: Viewer) -> None:
    agent = Viewer(viewer.user_id, Role.SUPERVISOR, frozenset(), "Grace")
    with pytest.raises(Forbidden):
        await hold(sessions, now, agent, ONE_QUEUE)
    async with sessions() as session:
        assert await held_documents(session) == {}


def test_a_change_is_told_by_its_path() -> None:
    before: JsonObject = {"queues": [{"key": "a", "teams": ["x"]}, {"key": "b", "teams": []}], "n": 1}
    after: JsonObject = {"queues": [{"key": "b", "teams": []}, {"key": "a", "teams": ["y"]}], "n": 1}
    assert [*changes(before, after)] == ["queues.a.teams", "queues.order"]
    assert [*changes(before, {"queues": [{"key": "a", "teams": ["x"]}], "n": 2})] == ["queues.b", "n"]
