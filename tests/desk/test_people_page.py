"""Accounts at the desk: invited, changed, let in again, disabled; and one's own password."""

import re

import pytest
from sqlalchemy import select, update

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.states import Role
from tests.support.desk_app import DeskParts
from tests.support.desk_client import BASE, PASSWORD, STAFF, Browser, LogIn, hidden_field

NEW = "violet harbour lantern seven"
NOOR = {"email": "noor@oslo.example", "name": "Noor Haddad", "role": "agent", "capacity": "4"}


@pytest.fixture
async def ada(log_in: LogIn, parts: DeskParts, staff: dict[str, UserId]) -> Browser:
    """Grace, made an administrator."""
    async with unit_of_work(parts.sessions) as session:
        grace = models.User.id == staff["grace"]
        await session.execute(update(models.User).where(grace).values(role=Role.ADMIN.value, language="en"))
    return await log_in("grace")


async def account(parts: DeskParts, email: str) -> models.User:
    async with parts.sessions() as session:
        return (await session.scalars(select(models.User).where(models.User.email == email))).one()


async def test_an_invitation_is_shown_once_and_lets_in(ada: Browser, visitor: Browser, parts: DeskParts) -> None:
    answer = await ada.post("/desk/admin/people", **NOOR, team_service="1", language_es="4", team_made_up="1")
    found = re.search(rf'value="{BASE}(/desk/setup/password/[\w-]+)"', answer.text)
    assert found is not None
    assert found[1] not in (await ada.get("/desk/admin/people")).text
    form = await visitor.get(found[1])
    token = hidden_field(form.text, "form_token")
    weak = await visitor.http.post(found[1], data={"password": "noor", "form_token": token}, headers={"Origin": BASE})
    forged = await visitor.http.post(found[1], data={"password": NEW, "form_token": "x"}, headers={"Origin": BASE})
    evil = {"Origin": "https://evil.example"}
    foreign = await visitor.http.post(found[1], data={"password": NEW, "form_token": token}, headers=evil)
    assert (weak.status_code, forged.status_code, foreign.status_code) == (422, 403, 403)
    done = await visitor.http.post(found[1], data={"password": NEW, "form_token": token}, headers={"Origin": BASE})
    assert (done.status_code, "Your password is set" in done.text) == (200, True)
    assert (await visitor.get(found[1])).status_code == 404
    noor = await account(parts, NOOR["email"])
    assert (noor.teams, noor.role, noor.capacity) == (["service"], "agent", 4)


async def test_only_what_the_form_has_is_changed(ada: Browser, parts: DeskParts, staff: dict[str, UserId]) -> None:
    before = await account(parts, STAFF["elena"].email)
    columns = {column.name: "1" for column in models.User.__table__.columns}
    fields = columns | {"name": "Elena M.", "role": "lead", "capacity": "7", "team_billing": "1", "verb": "save"}
    assert (await ada.post(f"/desk/admin/people/{staff['elena']}", **fields)).status_code == 303
    after = await account(parts, STAFF["elena"].email)
    changed = {name for name in columns if getattr(before, name) != getattr(after, name)}
    assert changed == {"name", "role", "capacity", "teams"}
    assert after.teams == ["billing"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (NOOR | {"role": "owner"}, 422), (NOOR | {"capacity": "1e9"}, 422), (NOOR | {"name": " "}, 422),
        (NOOR | {"email": "noor"}, 422), (NOOR | {"email": "elena@oslo.example"}, 409),
        (NOOR | {"capacity": "9" * 5000}, 422),
    ],
)  # fmt: skip
async def test_a_wrong_invitation_is_refused(ada: Browser, fields: dict[str, str], status: int) -> None:
    assert (await ada.post("/desk/admin/people", **fields)).status_code == status


async def test_who_is_disabled_is_out_with_the_next_request(
    ada: Browser, log_in: LogIn, staff: dict[str, UserId]
) -> None:
    elena = await log_in("elena")
    await ada.post(f"/desk/admin/people/{staff['elena']}", verb="disable")
    assert (await elena.get("/desk")).status_code == 303
    answer = await ada.post(f"/desk/admin/people/{staff['grace']}", verb="disable")
    assert (answer.status_code, "last administrator" in answer.text) == (409, True)
    assert "disabled" in (await ada.get(f"/desk/admin/people/{staff['elena']}")).text


@pytest.mark.parametrize("name", ["elena", "other", "grace"])
async def test_nobody_else_comes_near(log_in: LogIn, staff: dict[str, UserId], name: str) -> None:
    browser, own = await log_in(name), f"/desk/admin/people/{staff[name]}"
    assert (await browser.get("/desk/admin/people")).status_code == 403
    assert (await browser.get(own)).status_code == 403
    assert (await browser.post("/desk/admin/people", **NOOR)).status_code == 403
    for verb in ("save", "link", "enable", "disable"):
        fields = {"name": "Me", "role": "admin", "capacity": "5", "verb": verb}
        assert (await browser.post(own, **fields)).status_code == 403


async def test_one_changes_one_s_own_password_and_logs_in_again(elena: Browser, visitor: Browser) -> None:
    wrong = await elena.post("/desk/password", old="wrong", new=NEW)
    assert (wrong.status_code, "another one" in wrong.text) == (422, True)
    assert (await elena.post("/desk/password", old=PASSWORD, new=NEW)).headers["location"] == "/desk/login"
    assert (await elena.get("/desk")).status_code == 303
    assert (await visitor.log_in("elena")).status_code == 401
    assert (await visitor.log_in("elena", NEW)).status_code == 303
