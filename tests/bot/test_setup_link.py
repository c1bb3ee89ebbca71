"""The first administrator's link, for processes that were started one by one."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from bot.first_run import new_setup_link
from config.settings import Settings
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.errors import Conflict
from crm_core.staff import LinkPurpose, NewUser, link_is_open, redeem_setup
from crm_core.states import Role

ADMIN = NewUser("ada@oslo.example", "Ada", Role.ADMIN, (), "en", "correct horse battery staple")


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=SecretStr(database_url), public_url="https://help.oslo.example")


async def is_open(sessions: Sessions, link: str) -> bool:
    async with unit_of_work(sessions) as session:
        return await link_is_open(session, utc_now(), LinkPurpose.SETUP, link.rpartition("/")[2])


async def test_the_link_opens_the_form_for_the_first_administrator(settings: Settings, sessions: Sessions) -> None:
    link = await new_setup_link(settings)
    assert link.startswith("https://help.oslo.example/desk/setup/")
    assert await is_open(sessions, link)


async def test_a_new_link_ends_the_one_before(settings: Settings, sessions: Sessions) -> None:
    first, second = await new_setup_link(settings), await new_setup_link(settings)
    assert not await is_open(sessions, first)
    assert await is_open(sessions, second)


async def test_there_is_no_link_once_there_is_an_administrator(settings: Settings, sessions: Sessions) -> None:
    token = (await new_setup_link(settings)).rpartition("/")[2]
    async with unit_of_work(sessions) as session:
        await redeem_setup(session, utc_now() + timedelta(hours=1), token, ADMIN)
    with pytest.raises(Conflict):
        await new_setup_link(settings)
