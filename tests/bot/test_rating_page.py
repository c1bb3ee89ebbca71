"""The page behind the link of a rating letter."""

from datetime import datetime
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from bot.rating_page import rating_link, rating_routes
from bot.replies import Replies
from config.business import Business
from crm_core import models
from crm_core.db import Sessions
from crm_core.surveys import send_survey
from tests.support.factories import Centre


@pytest.fixture
async def centre(sessions: Sessions, now: datetime) -> Centre:
    return await Centre(sessions, now).open()


@pytest.fixture
async def asked(centre: Centre, business: Business, replies: Replies) -> tuple[httpx.AsyncClient, str, Centre]:
    """A closed conversation in Spanish, and the path of its link."""
    conversation_id = (await centre.write(inbox="mail")).conversation_id
    await centre.bot_says(conversation_id, "Hola")
    async with centre.work() as session:
        (await session.get_one(models.Conversation, conversation_id)).language = "es"
    await centre.close(conversation_id)
    async with centre.work() as session:
        assert await send_survey(session, centre.now, conversation_id)
    dialogue = SimpleNamespace(replies=replies)
    services = SimpleNamespace(
        key=b"key", sessions=centre.sessions, business=business, turn=SimpleNamespace(dialogue=dialogue),
        settings=SimpleNamespace(base_url="http://desk.test"),
    )  # fmt: skip
    app = FastAPI()
    app.include_router(rating_routes(services))  # type: ignore[arg-type]
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test")
    return client, rating_link(services, conversation_id), centre  # type: ignore[arg-type]


Asked = tuple[httpx.AsyncClient, str, Centre]


async def test_looking_changes_nothing_and_one_press_answers(asked: Asked) -> None:
    client, link, centre = asked
    page = await client.get(link)
    assert "¿Qué tal lo hicimos?" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert [survey.score for survey in await centre.rows(models.Survey)] == [None]
    answer = await client.post(link, data={"score": "5", "comment": "Muy bien"})
    assert "Gracias" in answer.text
    assert [(survey.score, survey.comment) for survey in await centre.rows(models.Survey)] == [(5, "Muy bien")]


@pytest.mark.parametrize("end", ["0", "00000000000000000000000000000000", "é", ""])
async def test_a_link_that_we_did_not_sign_opens_nothing(asked: Asked, end: str) -> None:
    client, link, centre = asked
    forged = f"{link.rpartition('.')[0]}.{end}"
    assert (await client.get(forged)).status_code == 404
    assert (await client.post(forged, data={"score": "1"})).status_code == 404
    assert [survey.score for survey in await centre.rows(models.Survey)] == [None]


@pytest.mark.parametrize("score", ["0", "6", "", "five", "٣"])
async def test_only_a_rating_is_one(asked: Asked, score: str) -> None:
    client, link, _ = asked
    assert (await client.post(link, data={"score": score})).status_code == 422
