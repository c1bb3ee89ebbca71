"""The sample shop page."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from config.business import Business
from desk.public import chosen_language, public_router


@pytest.fixture
async def client(business: Business) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(public_router(business))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        ("ru", "es", "ru"),
        ("", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "en;q=0.2, ru;q=0.9", "ru"),
        ("", "de, ru;q=0", "en"),
        ("", "", "en"),
        ("xx", "", "en"),
        ("<script>", "*", "en"),
        ("", "ru;q=x, es", "es"),
        ("", ",;,q=", "en"),
    ],
)
def test_the_language_is_asked_for_or_negotiated(asked: str, accepted: str, chosen: str) -> None:
    assert chosen_language(["en", "ru", "es"], asked, accepted) == chosen


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Where is my order?"), ("ru", "Где мой заказ?"), ("es", "¿Dónde está mi pedido?")],
)
async def test_the_page_speaks_three_languages_and_hosts_the_chat(
    client: httpx.AsyncClient, language: str, said: str
) -> None:
    answer = await client.get(f"/?lang={language}")
    assert answer.status_code == 200
    assert said in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert f'src="/chat/widget.js" data-inbox="web" data-language="{language}"' in answer.text


async def test_nothing_comes_from_another_host(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'src="http' not in answer.text
    assert 'href="http' not in answer.text


async def test_a_strange_language_is_not_echoed(client: httpx.AsyncClient) -> None:
    assert "evil" not in (await client.get("/?lang=%22%3E%3Cscript%3Eevil")).text
