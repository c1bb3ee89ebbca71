"""A lesson at the desk: the real page, a simulated customer, the review; and that it never mixes into anything."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from config.business import Business
from crm_core.access import Reach, Viewer
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.events import Actor, Event, EventKind, record
from crm_core.reporting import Period, Question
from crm_core.search import TranscriptQuery, search_transcripts
from crm_core.states import Role
from insight.reports import read_report
from insight.wallboard import read_wallboard
from tests.support.desk_client import Browser, Clock, LogIn

REPLY = "Hello Ruth, I have read what you wrote, and I am sorry. SEUR expects to deliver it on 25 November."
HONEST = "I cannot promise it. With tracking number 8244011704 you can follow it, and I will write to you."


async def started(browser: Browser, lesson: str = "late_parcel", language: str = "en") -> str:
    """The number of the run."""
    answer = await browser.post("/desk/practice", lesson=lesson, language=language)
    assert answer.status_code == 303
    return answer.headers["location"].rpartition("/")[2]


async def finished(browser: Browser, clock: Clock, *replies: str) -> str:
    run = await started(browser)
    clock.pass_by(seconds=10)
    await browser.post(f"/desk/c/practice-{run}/accept")
    for reply in replies:
        clock.pass_by(seconds=40)
        await browser.post(f"/desk/c/practice-{run}/reply", text=reply)
    clock.pass_by(seconds=30)
    answer = await browser.post(f"/desk/c/practice-{run}/close", disposition="order_informed")
    assert answer.headers["hx-redirect"] == f"/desk/practice/{run}"
    return run


def score_in(page: str) -> int:
    found = re.search(r'class="mark num \w*">(\d+) %<', page)
    assert found is not None
    return int(found[1])


async def test_a_lesson_is_the_real_page_with_a_customer_who_answers(elena: Browser, clock: Clock) -> None:
    run = await started(elena)
    page = (await elena.get(f"/desk/practice/{run}")).text
    assert "Ruth Carver" in page
    assert "Where is it?" in page
    assert 'id="accept"' in page
    assert "data-due=" in page, "the offer counts down"
    await elena.post(f"/desk/c/practice-{run}/accept")
    news = await elena.post(f"/desk/c/practice-{run}/reply", text="I am sorry, SEUR has it.")
    assert "The customer is typing" in news.text
    assert "on which day" not in news.text
    clock.pass_by(seconds=5)
    assert "on which day will it be here" in (await elena.part(f"/desk/c/practice-{run}/news?seen=x")).text
    await elena.post(f"/desk/c/practice-{run}/reply", text="On 25 November.")
    clock.pass_by(seconds=10)
    assert "Can you promise" in (await elena.part(f"/desk/c/practice-{run}/news?seen=x")).text


async def test_nothing_new_is_no_news(elena: Browser) -> None:
    run = await started(elena)
    news = (await elena.part(f"/desk/c/practice-{run}/news?seen=x")).text
    seen = re.search(r"seen=([^\"]+)\"", news)
    assert seen is not None
    assert (await elena.part(f"/desk/c/practice-{run}/news?seen={seen[1]}")).status_code == 204


async def test_customer_order_macros_and_passages_stand_beside_it(elena: Browser) -> None:
    run = await started(elena)
    assert "+34 600 000 417" in (await elena.part(f"/desk/c/practice-{run}/customer")).text
    assert "8244011704" in (await elena.part(f"/desk/c/practice-{run}/orders")).text
    assert "Hello Ruth, this is Elena" in (await elena.part(f"/desk/c/practice-{run}/macros")).text
    assert (await elena.part(f"/desk/c/practice-{run}/suggestions")).status_code == 200


async def test_the_review_shows_what_earned_what_missed_and_a_good_answer(elena: Browser, clock: Clock) -> None:
    run = await finished(elena, clock, REPLY, "Yes, I promise!", "Anything else?")
    page = (await elena.get(f"/desk/practice/{run}")).text
    assert "<q>SEUR expects to deliver it on 25 November.</q>" in page
    assert "<q>Yes, I promise!</q>" in page
    assert "the carrier now expects to deliver it on 25 November" in page
    assert "~не" not in page
    better = await finished(elena, clock, REPLY, HONEST, "Anything else?")
    assert score_in((await elena.get(f"/desk/practice/{better}")).text) > score_in(page)
    listed = (await elena.get("/desk/practice")).text
    assert listed.count('href="/desk/practice/') == 2


async def test_a_macro_is_recognised_though_it_was_changed(elena: Browser, clock: Clock) -> None:
    run = await started(elena)
    macros = (await elena.part(f"/desk/c/practice-{run}/macros")).text
    found = re.search(r'data-inserts="(Hello Ruth[^"]*)"', macros)
    assert found is not None
    run = await finished(elena, clock, f"{found[1]} Sorry!")
    page = (await elena.get(f"/desk/practice/{run}")).text
    line = page[page.index("Begins with a macro") - 400 : page.index("Begins with a macro")]
    assert "Earned:" in line[line.rindex("<li>") :]


async def test_who_may_see_a_run(log_in: LogIn, elena: Browser, clock: Clock) -> None:
    run = await finished(elena, clock, REPLY)
    pavel, grace, lev, other = [await log_in(name) for name in ("pavel", "grace", "lev", "other")]
    path = f"/desk/practice/{run}"
    assert [(await each.get(path)).status_code for each in (elena, grace, lev)] == [200, 200, 200]
    assert [(await each.get(path)).status_code for each in (pavel, other)] == [404, 404]
    open_run = await started(elena)
    for name in ("news", "customer", "orders", "macros", "suggestions"):
        assert (await grace.part(f"/desk/c/practice-{open_run}/{name}")).status_code == 404
    for name in ("accept", "reply", "note", "close", "leave"):
        answer = await grace.post(f"/desk/c/practice-{open_run}/{name}", text="Hi", disposition="resolved")
        assert answer.status_code == 404


@pytest.mark.parametrize(("deed", "fields"), [("reply", {"text": "Hi"}), ("close", {"disposition": "resolved"})])
async def test_nothing_is_answered_before_it_is_accepted(elena: Browser, deed: str, fields: dict[str, str]) -> None:
    run = await started(elena)
    assert (await elena.post(f"/desk/c/practice-{run}/{deed}", **fields)).status_code == 409


async def test_bad_input_gets_a_sentence(elena: Browser) -> None:
    run = await started(elena)
    await elena.post(f"/desk/c/practice-{run}/accept")
    assert "Write something first" in (await elena.post(f"/desk/c/practice-{run}/reply", text=" ")).text
    assert "in braces" in (await elena.post(f"/desk/c/practice-{run}/reply", text="It is {order.state}")).text
    assert "Choose one" in (await elena.post(f"/desk/c/practice-{run}/close", disposition="magic")).text
    assert (await elena.post("/desk/practice", lesson="nowhere")).status_code == 404
    assert (await elena.get("/desk/practice/999999")).status_code == 404


async def test_a_new_start_leaves_what_was_open_and_card_numbers_are_hidden(
    elena: Browser, clock: Clock, sessions: Sessions
) -> None:
    first = await started(elena)
    await elena.post(f"/desk/c/practice-{first}/accept")
    await elena.post(f"/desk/c/practice-{first}/reply", text="Is it 4111 1111 1111 1111?")
    await started(elena)
    async with unit_of_work(sessions) as session:
        states = (await session.scalars(text("select state from practice_run order by id"))).all()
        said = (await session.scalars(text("select text from practice_entry where author = 'agent'"))).all()
    assert list(states) == ["left", "offered"]
    assert said == ["Is it •••• •••• •••• 1111?"]
    page = await elena.get(f"/desk/practice/{first}")
    assert "counts for nothing" in page.text


Figures = Callable[[], Awaitable[dict[str, object]]]


@pytest.fixture
def figures(sessions: Sessions, clock: Clock, business: Business) -> Figures:
    """What every reader of figures says over all time, asked at the same moment."""
    at = clock.now + timedelta(hours=2)
    period = Period(at - timedelta(days=30), at)
    reach = Reach(Viewer(1, Role.SUPERVISOR, frozenset(), "Grace"), {})

    async def read() -> dict[str, object]:
        question = Question(period, period.earlier(period.length), at, "UTC", {}, 20.0)
        async with unit_of_work(sessions) as session:
            found: dict[str, object] = {
                "report": repr(await read_report(session, reach, question)),
                "wallboard": repr(await read_wallboard(session, reach, question)),
                "search": repr(await search_transcripts(session, reach, TranscriptQuery("sorry SEUR"))),
            }
            found |= {name: await _rows(session, name) for name in await _other_tables(session)}
        return found

    return read


async def _other_tables(session: AsyncSession) -> list[str]:
    """Everything that figures, the warehouse and exports are made of: every table that is not practice's own."""
    names = await session.scalars(text("select tablename from pg_tables where schemaname = 'public'"))
    own = ("practice_", "first_day", "login_", "alembic")
    return sorted(name for name in names if not name.startswith(own))


async def _rows(session: AsyncSession, table: str) -> str:
    content = "md5(coalesce(string_agg(t::text, '|' order by t::text), ''))"
    return str(await session.scalar(text(f"select {content} from {table} t")))


async def test_practice_changes_no_figure_no_search_and_no_export(
    elena: Browser, clock: Clock, figures: Figures, seeded: dict[str, int]
) -> None:
    before = await figures()
    assert "event" in before
    await finished(elena, clock, REPLY, HONEST, "Anything else? SEUR sorry")
    assert await figures() == before


async def test_a_practice_that_wrote_an_event_would_be_seen(
    elena: Browser, clock: Clock, figures: Figures, seeded: dict[str, int], sessions: Sessions, staff: dict[str, UserId]
) -> None:
    before = await figures()
    await finished(elena, clock, REPLY)
    async with unit_of_work(sessions) as session:
        replied = Event(EventKind.AGENT_REPLIED, Actor.agent(staff["elena"]), seeded["anton"], None, {})
        await record(session, clock.now, [replied])
    assert await figures() != before
