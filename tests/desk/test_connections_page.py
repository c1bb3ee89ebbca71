"""Channels, ERPs and flows as an administrator sees them; what is tested says in words what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import update

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.states import Role
from desk.connections import ChannelNow, Connections, DialogueNow, ErpNow, FlowNow, Tried
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn


@dataclass
class Fake:
    """An application with a chat that works, a bot without its token, and an ERP whose key is wrong."""

    tested: list[str] = field(default_factory=list)
    problem: str = ""

    async def test(self, key: str) -> Sequence[Tried]:
        self.tested.append(key)
        if key == "web":
            return (Tried("web", "the widget answers"),)
        return (Tried("health", "not let in", "make a new key <b>"),)

    async def dialogue(self) -> DialogueNow:
        flows = (FlowNow("order_status", "config/flows/orders.yml", ("order_status",), 3),)
        return DialogueNow(flows, (("en", "config/replies/en.yml", 12),), self.problem)

    def connections(self) -> Connections:
        channels = (
            ChannelNow("web", "webchat", "Chat", is_on=True, snippet='<script src="x"></script>'),
            ChannelNow("bot", "telegram", "Bot", is_on=False, why_off="put its secret into SWITCHBOARD_T"),
        )
        erps = (ErpNow("shop", "odoo", "erp.example"),)
        return Connections(lambda: channels, self.test, lambda: erps, self.test, self.dialogue, lambda: ("complaint",))


@pytest.fixture
def fake(parts: DeskParts) -> Fake:
    fake = Fake()
    parts.connections = fake.connections()
    return fake


@pytest.fixture
async def ada(fake: Fake, log_in: LogIn, parts: DeskParts, staff: dict[str, UserId]) -> Browser:
    """Grace, made an administrator."""
    async with unit_of_work(parts.sessions) as session:
        grace = models.User.id == staff["grace"]
        await session.execute(update(models.User).where(grace).values(role=Role.ADMIN.value, language="en"))
    return await log_in("grace")


async def test_a_channel_says_whether_it_works_and_how_to_turn_it_on(ada: Browser, fake: Fake) -> None:
    page = (await ada.get("/desk/admin/channels")).text
    for said in ("put its secret into SWITCHBOARD_T", "docs/channels/telegram.md", "&lt;script src="):
        assert said in page
    assert "It works." in (await ada.post("/desk/admin/channels/web/test")).text
    wrong = (await ada.post("/desk/admin/channels/bot/test")).text
    assert "It does not work yet" in wrong
    assert "make a new key &lt;b&gt;" in wrong
    assert fake.tested == ["web", "bot"]


async def test_an_erp_is_tested_and_its_failures_are_counted(ada: Browser, parts: DeskParts) -> None:
    async with unit_of_work(parts.sessions) as session:
        failed = Event(EventKind.ERP_FAILED, SYSTEM, None, None, {"code": "erp_timeout"})
        await record(session, parts.now(), [failed, failed])
    page = (await ada.post("/desk/admin/erp/shop/test")).text
    for said in ("Odoo", "erp.example", "not let in", "took too long", '<span class="num">2</span>'):
        assert said in page


async def test_files_that_a_start_would_refuse_are_named(ada: Browser, fake: Fake) -> None:
    assert "The files are right" in (await ada.get("/desk/admin/flows")).text
    fake.problem = "config/flows/orders.yml:3: there is no step “x”"
    page = (await ada.get("/desk/admin/flows")).text
    assert fake.problem in page
    assert "config/flows/orders.yml" in page


async def test_nobody_else_looks_or_tests(log_in: LogIn, fake: Fake) -> None:
    for name in ("elena", "lev", "grace"):
        browser = await log_in(name)
        for path in ("channels", "erp", "flows", "start", "start/company", "retention"):
            assert (await browser.get(f"/desk/admin/{path}")).status_code == 403
        for path in ("channels/web/test", "erp/shop/test", "start/company", "retention"):
            assert (await browser.post(f"/desk/admin/{path}")).status_code == 403
    assert fake.tested == []


async def test_the_first_steps_are_left_out_resumed_and_done(ada: Browser, parts: DeskParts) -> None:
    left_out = await ada.post("/desk/admin/start/company", verb="skip")
    assert left_out.headers["location"] == "/desk/admin/start/languages"
    page = (await ada.get("/desk/admin/start")).text
    assert page.count(">left out<") == 1
    assert 'href="/desk/admin/start/languages">Go on' in page
    company = {"name": "Bergen Ltd", "email": "a@b.example", "phone": "+47 1", "country": "NO",
               "time_zone": "Europe/Oslo", "currency": "NOK", "accent_colour": "#115533", "base": "0"}  # fmt: skip
    wrong = await ada.post("/desk/admin/start/company", verb="save", **company | {"country": "Norway"})
    assert (wrong.status_code, "Country: write the country" in wrong.text) == (422, True)
    assert (await ada.post("/desk/admin/start/company", verb="save", **company)).status_code == 303
    assert (parts.business.company.name, parts.business.company.languages) == ("Bergen Ltd", ["en", "ru", "es"])
    base = (await ada.get("/desk/admin/start/languages")).text.split('name="base" value="')[1].split('"')[0]
    await ada.post("/desk/admin/start/languages", verb="save", language_en="1", language_es="1", base=base)
    assert parts.business.company.languages == ["en", "es"]
    assert "the widget answers" in (await ada.post("/desk/admin/start/channel", verb="test:web")).text
    for step in ("channel", "erp"):
        await ada.post(f"/desk/admin/start/{step}", verb="save")
    invited = await ada.post("/desk/admin/start/people", verb="invite", email="noor@oslo.example", name="Noor")
    assert "/desk/setup/password/" in invited.text
    page = (await ada.get("/desk/admin/start")).text
    assert "All set" in page
    assert "put its secret into SWITCHBOARD_T" in page
    assert "left out" not in page


async def test_what_would_go_is_counted_before_it_is_saved(
    ada: Browser, parts: DeskParts, seeded: dict[str, int]
) -> None:
    asked = await ada.post("/desk/admin/retention", verb="count", messages_days="1", raw_mail_days="1", base="0")
    assert "This would take away in the coming night" in asked.text
    assert "cannot be brought back" in asked.text
    assert parts.business.retention.messages_days is None
    wrong = await ada.post("/desk/admin/retention", verb="count", messages_days="0", base="0")
    assert (wrong.status_code, "write a number from 1 to 36,500" in wrong.text) == (422, True)
    assert (await ada.post("/desk/admin/retention", verb="save", messages_days="1", base="0")).status_code == 303
    assert parts.business.retention.messages_days == 1
