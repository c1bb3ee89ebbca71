"""The page of customers: what was learnt by night, in the reader's language; readable too when nothing was."""

from functools import cache

import pytest

from crm_core.db import Sessions, unit_of_work
from crm_core.learnt import Amount, Learnt, keep_learnt
from crm_core.sentences import Sentence
from insight.mining.nightly import learn
from insight.mining.worth import Known
from tests.support import known_truths as truth
from tests.support.desk_client import Browser, LogIn


@cache
def learnt(sales: int | None = None) -> tuple[Learnt, ...]:
    return learn(Known(truth.shop(2)[:sales], truth.UNTIL, "EUR"))


async def page_with(sessions: Sessions, browser: Browser, found: tuple[Learnt, ...]) -> str:
    async with unit_of_work(sessions) as session:
        await keep_learnt(session, found)
    return (await browser.get("/desk/customers")).text.replace("\xa0", " ")


async def test_each_answer_has_its_sentence_picture_and_trial(log_in: LogIn, sessions: Sessions) -> None:
    page = await page_with(sessions, await log_in("lev"), learnt())
    for title in (
        "Who stays",
        "Who they are",
        "Who may leave",
        "What they will bring",
        "What they will buy",
        "What prices",
    ):
        assert title in page, title
    assert page.count("How it was tried, and on") == 7
    assert "<polyline" in page
    assert "cup + tea" in page
    assert "80–100 %" in page
    assert "Purchases until" in page


async def test_what_cannot_be_told_says_what_is_missing(log_in: LogIn, sessions: Sessions) -> None:
    page = await page_with(sessions, await log_in("grace"), learnt(20))
    assert page.count("Hay muy pocos datos de los que aprender.") == 7
    assert "hacen falta: 100" in page
    assert "<polyline" not in page


async def test_before_the_first_night_the_page_says_when_there_will_be_something(log_in: LogIn) -> None:
    page = await (await log_in("grace")).get("/desk/customers")
    assert page.status_code == 200
    assert "Todavía no se ha aprendido nada" in page.text
    assert "bot erp extract" in page.text


async def test_names_of_articles_are_text(log_in: LogIn, sessions: Sessions) -> None:
    sentence = Sentence("price", {"elasticity": -1.0, "low": -2.0, "high": 0.0, "items": 1})
    odd = Learnt("price", truth.UNTIL, "EUR", sentence, amounts=(Amount("<b>tea</b>", -1.0, -2.0, 0.5),))
    page = await page_with(sessions, await log_in("grace"), (odd,))
    assert "&lt;b&gt;tea&lt;/b&gt;" in page
    assert "<b>tea" not in page
    assert "-1 (de -2 a 0,5)" in page


@pytest.mark.parametrize(("name", "status"), [("elena", 403), ("lev", 200), ("grace", 200)])
async def test_it_is_for_who_may_read_reports(log_in: LogIn, name: str, status: int) -> None:
    assert (await (await log_in(name)).get("/desk/customers")).status_code == status
