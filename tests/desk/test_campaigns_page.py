"""A marketer writes a campaign, looks at whom it would reach, tries it, starts it and reads what it changed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from config.business import Business
from crm_core import models
from crm_core.audience import terms_of
from crm_core.campaigns import draw
from crm_core.consents import ConsentSource, Said, consent_of, give_consent
from crm_core.contacts import ensure_contact
from crm_core.contracts import Address, AddressKind
from crm_core.db import Sessions, unit_of_work
from crm_core.events import SYSTEM
from crm_core.models_campaigns import Campaign, CampaignMember
from crm_core.models_sales import Lead
from tests.support.desk_client import Browser, Clock, LogIn
from tests.support.factories import add_inbox

TEXTS = {
    "en": "Hello {first_name|there}, oak is 20 % off.", "ru": "Скидка 20 % на дуб.", "es": "Roble con un 20 %.",
}  # fmt: skip


@pytest.fixture
async def mail(sessions: Sessions, staff: dict[str, int]) -> int:
    async with unit_of_work(sessions) as session:
        return await add_inbox(session, "email", pulled=False)


@pytest.fixture
async def people(sessions: Sessions, clock: Clock, mail: int) -> list[int]:
    """Ten of twelve agreed."""
    ids = []
    async with unit_of_work(sessions) as session:
        for number in range(12):
            known = await ensure_contact(session, clock.now, Address(AddressKind.MAILTO, f"p{number}@example.com"))
            row = update(models.Contact).where(models.Contact.id == known.id)
            await session.execute(row.values(name=f"Person{number}", language="en"))
            if number < 10:
                await give_consent(session, clock.now, known.id, Said(SYSTEM, ConsentSource.IMPORT))
            ids.append(known.id)
    return ids


@pytest.fixture
async def grace(log_in: LogIn) -> Browser:
    return await log_in("grace")


def draft(mail: int, **more: str) -> dict[str, str]:
    texts = {f"text_a_{code}": text for code, text in TEXTS.items()}
    subjects = {f"subject_a_{code}": "Oak <b>now</b>" for code in TEXTS}
    wanted = {"name": "Oak in November", "share_a": "80", "share_hold_out": "20", f"inbox_{mail}": "1", "cost": "250"}
    return {**wanted, "conversion": "order", **texts, **subjects, **more}


async def written(grace: Browser, mail: int, **more: str) -> str:
    answer = await grace.post("/desk/campaigns/new", **draft(mail, **more))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_a_draft_shows_whom_it_would_reach_and_what_they_would_read(
    grace: Browser, people: list[int], mail: int
) -> None:
    page = (await grace.get(await written(grace, mail))).text
    assert "10 personas" in page
    assert re.search(r"no han aceptado</dt><dd>\s*2<", page)
    assert "Hello Anna, oak is 20 % off." in page
    assert "https://desk.test/u/0" in page
    assert "Oak &lt;b&gt;now&lt;/b&gt;" in page


async def test_the_page_says_how_many_people_an_effect_takes(grace: Browser, people: list[int], mail: int) -> None:
    path = await written(grace, mail)
    page = (await grace.get(f"{path}?rate=5&effect=2")).text
    assert "2.213 personas en cada uno" in page or "2213 personas en cada uno" in page
    assert "personas en cada uno" not in (await grace.get(f"{path}?rate=x&effect=2")).text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"share_a": "70"}, "suman 100"), ({"name": " "}, "120 caracteres"),
        ({"spent_from": "many"}, "escriba solo cifras"),
        ({"cost": "NaN"}, "escriba solo cifras"), ({"starts_at": "soon"}, "fecha y hora"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_told_and_nothing_is_written_twice(
    grace: Browser, mail: int, wrong: dict[str, str], sentence: str
) -> None:
    answer = await grace.post("/desk/campaigns/new", **draft(mail, **wrong))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Скидка 20 % на дуб." in answer.text


async def test_a_text_that_is_missing_stops_the_start_and_says_so(grace: Browser, people: list[int], mail: int) -> None:
    path = await written(grace, mail, text_a_ru="")
    answer = await grace.post(path, verb="start")
    assert (answer.status_code, "le falta el texto" in answer.text) == (422, True)


async def test_a_trial_goes_to_oneself_alone(grace: Browser, people: list[int], mail: int, sessions: Sessions) -> None:
    answer = await grace.post(await written(grace, mail), verb="try")
    assert "3 correos van de camino a grace@oslo.example" in answer.text
    async with sessions() as session:
        jobs = (await session.scalars(select(models.Job))).all()
    assert {str(job.payload["to"]) for job in jobs} == {"grace@oslo.example"}


async def test_from_the_start_to_what_it_changed(
    grace: Browser, people: list[int], mail: int, sessions: Sessions, clock: Clock, business: Business
) -> None:
    path = await written(grace, mail)
    assert (await grace.post(path, verb="start")).status_code == 303
    assert "Espera su hora" in (await grace.get(path)).text
    async with unit_of_work(sessions) as session:
        assert await draw(session, clock.now, terms_of(business), int(path.rpartition("/")[2])) == 10
    page = (await grace.get(path)).text
    assert "Grupo de control" in page
    assert "Muy pocos datos" in page or "grupo de control que" in page or "Sin un grupo de control" in page
    for verb, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        assert (await grace.post(path, verb=verb)).status_code == 303
        async with sessions() as session:
            assert (await session.scalars(select(Campaign.state))).one() == state
    async with sessions() as session:
        states = set((await session.scalars(select(CampaignMember.state))).all())
    assert states <= {"skipped", "held_out"}
    assert (await grace.post(path, verb="pause")).status_code == 409
    assert (await grace.post(path, verb="explode")).status_code == 404


@pytest.mark.parametrize("path", ["/desk/campaigns", "/desk/campaigns/new", "/desk/campaigns/1"])
async def test_only_who_supervises_sees_campaigns(log_in: LogIn, path: str) -> None:
    for name in ("elena", "lev"):
        browser = await log_in(name)
        assert (await browser.get(path)).status_code == 403
        assert (await browser.post(path if path != "/desk/campaigns" else f"{path}/1", verb="stop")).status_code == 403


async def test_a_campaign_that_is_none_is_not_found(grace: Browser) -> None:
    assert (await grace.get("/desk/campaigns/999999")).status_code == 404


async def test_consent_is_noted_beside_the_conversation(
    elena: Browser, seeded: dict[str, int], sessions: Sessions
) -> None:
    path = f"/desk/c/{seeded['maria']}"
    async with sessions() as session:
        contact_id = (await session.get_one(models.Conversation, seeded["maria"])).contact_id
    assert "never asked" in (await elena.part(f"{path}/customer")).text
    for agreed, shown in (("1", "agreed"), ("0", "unsubscribed")):
        assert shown in (await elena.post(f"{path}/consent", agreed=agreed)).text
        async with unit_of_work(sessions) as session:
            consent = await consent_of(session, contact_id)
        assert consent is not None
        assert (consent.is_given, consent.source) == (agreed == "1", "agent")


async def test_a_lead_is_made_from_a_conversation_moved_and_lost(
    elena: Browser, log_in: LogIn, seeded: dict[str, int], sessions: Sessions, clock: Clock
) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/lead")
    lead_id = answer.headers["hx-redirect"].rpartition("-")[2]
    change = {"stage": "offered", "value": "1200,50", "next_step": "<i>Call</i>", "verb": "save"}
    late = (clock.now - timedelta(days=2)).date().isoformat()
    assert (await elena.post(f"/desk/leads/{lead_id}", **change, next_step_on=late)).status_code == 303
    page = (await elena.get("/desk/leads")).text
    assert "&lt;i&gt;Call&lt;/i&gt;" in page
    assert "overdue" in page
    assert "1.200,50" in page
    assert f"#lead-{lead_id}" in (await elena.part(f"/desk/c/{seeded['maria']}/customer")).text
    assert (await elena.post(f"/desk/leads/{lead_id}", stage="offered", value="a lot")).status_code == 422
    pavel = await log_in("pavel")
    assert (await pavel.post(f"/desk/leads/{lead_id}", **change)).status_code == 404
    assert (await elena.post(f"/desk/leads/{lead_id}", verb="lose", reason="price")).status_code == 303
    async with sessions() as session:
        assert (await session.scalars(select(Lead.lost_reason))).one() == "price"


@pytest.mark.parametrize(("name", "status"), [("elena", 403), ("lev", 200), ("grace", 200)])
async def test_figures_of_sales_are_for_who_may_read_reports(log_in: LogIn, name: str, status: int) -> None:
    browser = await log_in(name)
    assert (await browser.get("/desk/sales?days=30")).status_code == status
    assert (await browser.get("/desk/sales?days=x")).status_code == status
