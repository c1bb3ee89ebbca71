"""What customers write, planted wherever they can write it, and every page of the desk that shows it, in Chromium."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from jinja2 import Environment
from playwright.async_api import Browser
from pydantic import HttpUrl
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email_html import clean_html
from config.business import Business
from config.settings import Settings
from crm_core import models
from crm_core.blobs import FolderBlobStore
from crm_core.contracts import Address, AddressKind, Attachment, Card, Choice, ConversationId, Tone
from crm_core.conversations import Handoff, lock_conversation
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.embedded import EmbeddedPostgres
from crm_core.erp.port import Order, OrderLine
from crm_core.models_oversight import QualityReview
from crm_core.outbox import BOT_VOICE, Utterance, post
from crm_core.states import Role
from desk import pages
from tests.support.browser import chromium
from tests.support.desk_app import DeskErp, DeskParts, sample_orders
from tests.support.desk_client import BASE, PASSWORD, Clock
from tests.support.desk_seed import Person, Seeder
from tests.support.postgres import migrated_database
from tests.support.served_desk import Served, serving
from tests.support.xss import Watched, vectors, watched

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]
ADMIN = "ada@oslo.example"
PICTURE_OF_A_LETTER = re.compile(r'^Loading the image .* "img-src data:"\.')  # all that is left for the policy to stop
BATCHES = 4
ALL = vectors()
PAGES = (
    "/desk?tab=all", "/desk/search?q=canary", "/desk/find?q=canary", "/desk/reports", "/desk/quality", "/desk/audit",
    "/desk/trouble", "/desk/review", "/desk/wallboard", "/desk/admin/people",
)  # fmt: skip
OF_A_CONVERSATION = ("", "/customer", "/orders")


async def plant(session: AsyncSession, clock: Clock, admin: int) -> list[int]:
    """One conversation for each batch of vectors; its customer, subject, order and rating hold all of the batch."""
    seeder, found = Seeder(session, clock.now), list[int]()
    await seeder.inboxes()
    for number in range(BATCHES):
        batch = ALL[number::BATCHES]
        joined = " ".join(batch)
        person = Person(joined, Address(AddressKind.MAILTO, f"batch{number}@example.com"), "mail", "en", "C-1001")
        conversation = await say_all(seeder, person, batch)
        handoff = Handoff("unhappy", "service", "complaint", "en", joined, (joined,), (joined,), {"phone": joined})
        await seeder.hands_off(conversation, handoff, 5)
        rows = {"conversation_id": conversation, "kind": "csat", "sent_at": clock.now, "score": 1}
        await session.execute(insert(models.Survey).values(**rows, comment=joined, answered_at=clock.now))
        review = {"conversation_id": conversation, "agent_id": admin, "reviewer_id": admin}
        await session.execute(insert(QualityReview).values(**review, answers={}, comment=joined, at=clock.now))
        found.append(conversation)
    return found


async def say_all(seeder: Seeder, person: Person, batch: Sequence[str]) -> ConversationId:
    """A letter with all of them and a file named after each; then each as a message, and as what the bot said."""
    joined, letter = " ".join(batch), "\n".join(clean_html(vector) for vector in batch)
    files = tuple(
        Attachment(vector, "text/html", b"<script>canary()</script>", stored_as=f"{number:043d}")
        for number, vector in enumerate(batch)
    )
    extra = {"quoted": joined, "sender_name": joined, "html": letter}
    conversation = await seeder.says(person, joined, 9, subject=joined, extra=extra, attachments=files)
    whose = {"conversation_id": conversation, "inbox_id": seeder.inbox_ids[person.inbox], "created_at": seeder.at(9)}
    rows = [
        whose | {"direction": "in", "author": "contact", "text": one, "content": {"quoted": one}} for one in batch
    ]  # fmt: skip
    await seeder.session.execute(insert(models.Message), rows)
    locked = await lock_conversation(seeder.session, conversation)
    said = [Utterance(one, (Choice(one, one),), card_of(one)) for one in batch]
    await post(seeder.session, seeder.at(8), locked, BOT_VOICE, said)
    return conversation


def card_of(vector: str) -> Card:
    return Card(vector, vector, Tone.WARN, 1, 2, (vector,), vector, vector, vector)


@pytest.fixture(scope="module")
async def planted(
    postgres: EmbeddedPostgres, business_files: Business, password_hash: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[DeskParts, dict[str, int]]]:
    """Written once: it takes longer than to look at it."""
    clock, engine = Clock(utc_now()), open_engine(migrated_database(postgres, "xss"), pool_size=10)
    erp, blobs = DeskErp(orders(clock)), FolderBlobStore(tmp_path_factory.mktemp("xss"))
    settings = Settings(public_url=HttpUrl(BASE))
    parts = DeskParts(open_sessions(engine), business_files, settings, clock, erp, blobs=blobs)
    async with unit_of_work(parts.sessions) as session:
        ada = {"email": ADMIN, "name": "Ada", "role": Role.ADMIN.value, "created_at": clock.now}
        row = insert(models.User).values(**ada, password_hash=password_hash).returning(models.User.id)
        numbers = await plant(session, clock, int(await session.scalar(row) or 0))
    yield parts, {str(number): conversation for number, conversation in enumerate(numbers)}
    await engine.dispose()


def orders(clock: Clock) -> list[Order]:
    lines = tuple(OrderLine(vector, vector, Decimal(1), Decimal(0)) for vector in ALL)
    return [replace(one, number=ALL[0], lines=lines, native={"state": ALL[1]}) for one in sample_orders(clock.now)]


@pytest.fixture
async def served(planted: tuple[DeskParts, dict[str, int]], browser: Browser) -> AsyncIterator[Served]:
    async with serving(*planted, browser) as desk:
        yield desk


async def enter(served: Served, seen: Watched) -> None:
    await seen.page.goto(f"{served.url}/desk/login")
    await seen.page.fill("#email", ADMIN)
    await seen.page.fill("#password", PASSWORD)
    await seen.page.click("button[type=submit]")
    await seen.page.wait_for_url("**/desk")


async def look(served: Served, seen: Watched, paths: Sequence[str], *, letters: bool = False) -> None:
    """Every page until nothing more is loaded; `letters` opens each formatted mail as well."""
    for path in paths:
        await seen.page.goto(f"{served.url}{path}", wait_until="load")
        if letters:
            await seen.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        await seen.page.wait_for_timeout(100)


async def test_nothing_a_customer_writes_runs_or_fetches_anything(served: Served) -> None:
    of_conversations = [f"/desk/c/{number}{part}" for number in served.seeded.values() for part in OF_A_CONVERSATION]
    reviews = [f"/desk/quality/{number}" for number in served.seeded.values()]
    async with watched(served.browser, (served.url,)) as seen:
        await enter(served, seen)
        await look(served, seen, [*PAGES, *of_conversations, *reviews], letters=True)
        shown = await seen.page.content()
    assert len(ALL) >= 150
    assert "canary" in shown, "the last page does show them"
    assert (seen.ran, seen.asked) == ([], [])
    assert [said for said in seen.stopped if not PICTURE_OF_A_LETTER.search(said)] == []


async def test_escaping_alone_is_enough_without_the_policy(served: Served) -> None:
    first = served.seeded["0"]
    async with watched(served.browser, (served.url,), with_policy=False) as seen:
        await enter(served, seen)
        await look(served, seen, ["/desk?tab=all", f"/desk/c/{first}"])
    assert (seen.ran, seen.asked) == ([], [])


@pytest.fixture
def without_escaping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for before the desk is served."""
    monkeypatch.setattr(pages, "Environment", lambda **given: Environment(**given | {"autoescape": False}))


@pytest.mark.usefixtures("without_escaping")
async def test_pages_that_do_not_escape_are_found_out(served: Served) -> None:
    """The broken variant. With the policy nothing runs even then; without it scripts run and pictures are fetched."""
    async with watched(served.browser, (served.url,)) as held:
        await enter(served, held)
        await look(served, held, [f"/desk/quality/{served.seeded['0']}"])
    assert held.ran == []
    assert held.stopped
    async with watched(served.browser, (served.url,), with_policy=False) as seen:
        await enter(served, seen)
        await look(served, seen, [f"/desk/quality/{served.seeded['0']}"])
    assert {"canary"} <= set(seen.ran)
    assert any("canary.invalid" in address for address in seen.asked)
