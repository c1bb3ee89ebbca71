"""What an administrator sets at the desk: it holds at once and everywhere, and what is wrong is said in a sentence."""

import asyncio
import re

import pytest
import yaml
from sqlalchemy import select, update

from bot.settings_follower import SettingsFollower
from config.business import Business, read_business
from config.settings import ROOT
from crm_core import models
from crm_core.audit import AuditAction
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.routing_rules import read_rules
from crm_core.signals import Signal, Topic
from crm_core.states import Role
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn, hidden_field

QUEUE = {
    "name_en": "Spanish claims", "language_es": "1", "team_claims": "1", "skills": "Appraisal", "skill_level": "2",
    "intent_complaint": "1", "offer_timeout_s": "20 s", "last_agent_s": "0", "relax_skills": "2 min",
    "after_hours": "offer", "base": "0",
}  # fmt: skip


@pytest.fixture
async def ada(log_in: LogIn, parts: DeskParts, staff: dict[str, UserId]) -> Browser:
    """Grace, made an administrator."""
    async with unit_of_work(parts.sessions) as session:
        grace = models.User.id == staff["grace"]
        await session.execute(update(models.User).where(grace).values(role=Role.ADMIN.value, language="en"))
    return await log_in("grace")


async def base_of(browser: Browser, path: str) -> str:
    return hidden_field((await browser.get(path)).text, "base")


async def test_a_new_queue_routes_at_once_and_stands_in_the_trail(ada: Browser, parts: DeskParts) -> None:
    assert (await ada.post("/desk/admin/queues/new", **QUEUE)).status_code == 303
    async with unit_of_work(parts.sessions) as session:
        made = (await read_rules(session)).queues["spanish_claims"]
        deed = await session.scalar(select(AuditEntry).where(AuditEntry.object == "settings:queues"))
    assert (made.languages, made.skills, made.skill_level) == (["es"], ["appraisal"], 2)
    assert (made.offer_timeout_s, made.relax_skills_at_slack_s, made.name["ru"]) == (20, 120, "Spanish claims")
    assert deed is not None
    assert deed.action == AuditAction.CONFIGURATION_CHANGED
    assert deed.detail == {"changed": ["queues.spanish_claims"]}
    assert "spanish_claims" in {queue.key for queue in parts.business.queues.queues}
    page = (await ada.get("/desk/admin/queues/spanish_claims")).text
    assert "With 2 min left to the promise: claims; who speak the language" in page


async def test_another_process_follows_what_is_set(ada: Browser, parts: DeskParts, sessions: Sessions) -> None:
    elsewhere = read_business(ROOT / "config")
    await ada.post("/desk/admin/queues/new", **QUEUE)
    await SettingsFollower(elsewhere, sessions).on_signal(Signal(Topic.SETTINGS))
    assert elsewhere.queues == parts.business.queues


async def test_what_nobody_could_use_is_refused_with_a_sentence(ada: Browser, business: Business) -> None:
    before = business.queues
    for wrong, sentence in {
        "name_en": "Name: write something.", "language_es": "Languages: choose at least one.",
        "team_claims": "Teams: choose at least one.", "offer_timeout_s": "An offer lasts: write a time like 30 s",
    }.items():  # fmt: skip
        answer = await ada.post("/desk/admin/queues/new", **QUEUE | {wrong: "soon" if "timeout" in wrong else ""})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert 'value="Appraisal"' in answer.text
    assert business.queues == before


async def test_two_who_edit_at_once_do_not_undo_each_other(ada: Browser) -> None:
    await ada.post("/desk/admin/queues/new", **QUEUE)
    late = await ada.post("/desk/admin/queues/new", **QUEUE | {"name_en": "Another"})
    assert late.status_code == 409
    assert "Somebody else has changed this meanwhile" in late.text
    now = await base_of(ada, "/desk/admin/queues/new")
    first, second = await asyncio.gather(
        ada.post("/desk/admin/queues/new", **QUEUE | {"name_en": "One", "base": now}),
        ada.post("/desk/admin/queues/new", **QUEUE | {"name_en": "Two", "base": now}),
    )
    assert sorted([first.status_code, second.status_code]) == [303, 409]


async def test_a_form_with_a_mistake_does_not_undo_what_was_changed_meanwhile(ada: Browser) -> None:
    """Mended and sent again, it is told of the change as if it had been right at first."""
    seen = await base_of(ada, "/desk/admin/queues/new")
    await ada.post("/desk/admin/queues/new", **QUEUE | {"base": seen})
    refused = await ada.post("/desk/admin/queues/new", **QUEUE | {"name_en": "", "base": seen})
    assert refused.status_code == 422
    again = await ada.post(
        "/desk/admin/queues/new", **QUEUE | {"name_en": "Two", "base": hidden_field(refused.text, "base")}
    )
    assert again.status_code == 409


async def test_nothing_is_taken_away_from_under_others(ada: Browser, seeded: dict[str, int]) -> None:
    async def remove(path: str) -> str:
        answer = await ada.post(path, verb="remove", base=await base_of(ada, path))
        assert answer.status_code == 409
        return answer.text

    for path in ("/desk/admin/queues/returns", "/desk/admin/sla/claims", "/desk/admin/hours/main"):
        assert "This is still used elsewhere" in await remove(path)


async def test_the_file_holds_again_and_an_earlier_version_comes_back(ada: Browser, business: Business) -> None:
    await ada.post("/desk/admin/queues/new", **QUEUE)
    version = await base_of(ada, "/desk/admin/queues")
    await ada.post("/desk/admin/queues", verb="file", base=version)
    assert business.queues == read_business(ROOT / "config").queues
    assert "come from the file config/queues.yml" in (await ada.get("/desk/admin/queues")).text
    await ada.post("/desk/admin/queues", verb="version", version=version, base=await base_of(ada, "/desk/admin/queues"))
    assert business.queues.queues[-1].key == "spanish_claims"
    assert "spanish_claims" in (await ada.get(f"/desk/admin/queues.yml?version={version}")).text
    assert (await ada.get("/desk/admin/macros.yml?version=" + version)).status_code == 404


@pytest.mark.parametrize("name", ["company", "queues", "hours", "sla", "macros", "consents"])
async def test_what_holds_goes_back_into_its_file(ada: Browser, business: Business, name: str) -> None:
    text = (await ada.get(f"/desk/admin/{name}.yml")).text
    document = next(each for each in business.sources.files if each == name)
    model = type(business.sources.raw(document))
    assert model.model_validate(yaml.safe_load(text)) == business.sources.raw(document)


async def test_opening_hours_are_written_as_people_do(ada: Browser, business: Business) -> None:
    week = {f"day_{day}": "9:00-13:00, 15:00–19:00" for day in range(5)}
    given = week | {"day_6": "22:00–06:00", "closed_on": "2026-12-25\n2026-12-24", "base": "0"}
    assert (await ada.post("/desk/admin/hours/main", **given)).status_code == 303
    main = business.hours.main
    assert [(window.days, f"{window.start:%H:%M}", f"{window.end:%H:%M}") for window in main.windows] == [
        ([0, 1, 2, 3, 4], "09:00", "13:00"), ([0, 1, 2, 3, 4], "15:00", "19:00"), ([6], "22:00", "06:00"),
    ]  # fmt: skip
    assert [f"{day:%d}" for day in main.closed_on] == ["24", "25"]
    wrong = await ada.post("/desk/admin/hours/main", day_0="from nine to five", base="1")
    assert (wrong.status_code, "write times like 09:00–13:00" in wrong.text) == (422, True)


async def test_a_promise_a_macro_an_ending_and_a_consent_are_edited(ada: Browser, business: Business) -> None:
    await ada.post("/desk/admin/sla/standard", base="0", warn_at="70", first_response_call_s="45 s",
                   first_response_chat_s="3 min", first_response_mail_s="1 d")  # fmt: skip
    policy = business.sla.policies[0]
    assert (policy.first_response.call_s, policy.first_response.chat_s, policy.first_response.mail_s) == (
        45,
        180,
        86400,
    )
    assert (policy.warn_at, policy.resolution.chat_s) == (0.7, None)
    evil = {"name_en": "Hi", "text_en": "Hi {contact.__class__}", "base": "0"}
    assert "use only the blanks named below" in (await ada.post("/desk/admin/macros/new", **evil)).text
    await ada.post("/desk/admin/macros/new", **evil | {"text_en": "Hi {contact.name}"})
    assert business.macros.macros[-1].text == dict.fromkeys(("en", "ru", "es"), "Hi {contact.name}")
    await ada.post("/desk/admin/dispositions/new", name_en="Sold something", base="0")
    assert business.company.dispositions["sold_something"]["es"] == "Sold something"
    await ada.post("/desk/admin/consents/recording", name_en="R", text_en="May we?", base="0")
    assert business.consents.text("recording", "ru") == "May we?"


async def test_a_language_more_waits_for_the_next_start(ada: Browser, parts: DeskParts) -> None:
    business = parts.business
    only = business.company.model_copy(update={"languages": ["en"]})
    business.company = only
    fields = {"name": "Oslo", "language_en": "1", "language_es": "1", "email": "a@b.example", "phone": "1",
              "country": "ES", "currency": "EUR", "time_zone": "Europe/Madrid", "accent_colour": "#112233",
              "base": "0"}  # fmt: skip
    assert (await ada.post("/desk/admin/company", **fields)).status_code == 303
    assert (business.company.name, business.company.languages) == ("Oslo", ["en"])
    assert business.sources.company.languages == ["en", "es"]


async def test_only_administrators_and_only_their_own_pages_set_anything(log_in: LogIn, ada: Browser) -> None:
    elena = await log_in("elena")
    for path in ("queues", "queues/new", "queues.yml", "company"):
        assert (await elena.get(f"/desk/admin/{path}")).status_code == 403
    assert (await elena.post("/desk/admin/queues/new", **QUEUE)).status_code == 403
    ada.csrf = "forged"
    assert (await ada.post("/desk/admin/queues/new", **QUEUE)).status_code == 403


async def test_the_list_says_who_changed_what(ada: Browser) -> None:
    await ada.post("/desk/admin/queues/new", **QUEUE)
    page = (await ada.get("/desk/admin/queues?saved=1")).text
    assert re.search(r"Grace Hill.*queues\.spanish_claims", page, re.DOTALL)
    assert "Saved. It holds at once" in page
