"""The first steps of an administrator: company, languages, a channel, the ERP, colleagues; each may be left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from config.sources import Document
from crm_core.contracts import JsonObject
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.people_admin import Profile, invite
from crm_core.settings_store import newest_version
from crm_core.setup_steps import last_heard, staff_count, steps_taken, take_step
from crm_core.states import Role
from desk.answers import route_class
from desk.change import number_of
from desk.connections import Tried
from desk.forms import Group, as_written
from desk.people import channel_icon
from desk.people_form import teams_of
from desk.people_page import address_of_link
from desk.sections import menu
from desk.services import Desk
from desk.settings_company import company_form, languages_of, read_company
from desk.settings_file import dumped
from desk.settings_kinds import Seat
from desk.settings_page import Told, changing_seat, problem_of, seat_of
from desk.settings_saving import base_of, keep_content

HREF = "/desk/admin/start"
SHORT = frozenset({"name", "email", "phone", "country", "time_zone", "currency", "accent_colour"})
EMBEDDED = "sql"


class Step(StrEnum):
    COMPANY = "company"
    LANGUAGES = "languages"
    CHANNEL = "channel"
    ERP = "erp"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a step shows beside its form: what was tried, or the link of an invitation."""

    told: Told | None = None
    tested: str = ""
    found: tuple[Tried, ...] = ()
    link: str = ""
    whose: str = ""


NOTHING = Shown()


def setup_routes(desk: Desk) -> APIRouter:
    """For administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get(HREF)
    async def overview(request: Request) -> Response:
        return await _overview(await seat_of(desk, request))

    @router.get(f"{HREF}/{{step}}")
    async def show(request: Request, step: Step) -> Response:
        return await _page(await seat_of(desk, request), step, NOTHING)

    @router.post(f"{HREF}/{{step}}")
    async def take(request: Request, step: Step) -> Response:
        seat, fields = await changing_seat(desk, request)
        try:
            shown = await _act(seat, step, fields)
        except (Conflict, InvalidInput, NotFound) as error:
            return await _page(seat, step, Shown((error, fields)))
        if shown is not None:
            return await _page(seat, step, shown)
        return RedirectResponse(_after(step), 303)

    return router


def _after(step: Step) -> str:
    steps = [*Step]
    following = steps[steps.index(step) + 1 :]
    return f"{HREF}/{following[0]}" if following else HREF


async def _act(seat: Seat, step: Step, fields: dict[str, str]) -> Shown | None:
    """None when the next step may come."""
    verb, ports = fields.get("verb", ""), seat.desk.services.connections
    if verb.startswith("test:"):
        test = ports.test_erp if step is Step.ERP else ports.test_channel
        key = verb.removeprefix("test:")
        return Shown(tested=key, found=tuple(await test(key)))
    if verb == "invite":
        return await _invite(seat, fields)
    if verb != "skip" and step in (Step.COMPANY, Step.LANGUAGES):
        await _keep(seat, step, fields)
    async with unit_of_work(seat.desk.services.sessions) as session:
        await take_step(session, seat.reader.now, seat.reader.viewer, step, skipped=verb == "skip")
    return None


async def _keep(seat: Seat, step: Step, fields: Mapping[str, str]) -> None:
    company = dumped(seat.desk.services.business.sources.company)
    read = read_company(seat, {**fields, **_chosen(company)}, company) if step is Step.COMPANY else None
    content = read or company | languages_of(fields, company)
    await keep_content(seat, Document.COMPANY, content, number_of(fields, "base"))


def _chosen(company: JsonObject) -> dict[str, str]:
    """The languages as they are: the step of the company does not ask for them."""
    languages = company.get("languages")
    return {f"language_{code}": "1" for code in languages} if isinstance(languages, list) else {}


async def _invite(seat: Seat, fields: Mapping[str, str]) -> Shown:
    """Raises AddressTaken, InvalidInput."""
    reader, email = seat.reader, fields.get("email", "")
    role = Role.SUPERVISOR if fields.get("role") == Role.SUPERVISOR else Role.AGENT
    profile = Profile(fields.get("name", ""), role, teams_of(seat.desk))
    async with unit_of_work(seat.desk.services.sessions) as session:
        _, token = await invite(session, reader.now, reader.viewer, email, profile)
        await take_step(session, reader.now, reader.viewer, Step.PEOPLE, skipped=False)
    return Shown(link=address_of_link(seat.desk, token), whose=email)


async def _page(seat: Seat, step: Step, shown: Shown) -> Response:
    desk, reader = seat.desk, seat.reader
    async with unit_of_work(desk.services.sessions) as session:
        taken = await steps_taken(session, reader.viewer)
        base = base_of(await newest_version(session, Document.COMPANY), shown.told)
        heard = await last_heard(session, reader.viewer)
    ports = desk.services.connections
    html = desk.pages.render(
        "start_step.html", reader.words, menu=menu(reader, "start"), csrf=reader.csrf_token, step=step.value,
        steps=_steps(taken), number=[*Step].index(step) + 1, groups=_groups(seat, step, shown.told), base=base,
        channels=ports.channels() if step is Step.CHANNEL else (), erps=ports.erps() if step is Step.ERP else (),
        heard=_ago(seat, heard), icon_of=channel_icon, shown=shown, tested=shown.tested, found=shown.found,
        works=all(one.remedy is None for one in shown.found), problem=problem_of(seat, "company", shown.told),
    )  # fmt: skip
    return HTMLResponse(html, shown.told[0].status if shown.told else 200)


def _groups(seat: Seat, step: Step, told: Told | None) -> tuple[Group, ...]:
    if step not in (Step.COMPANY, Step.LANGUAGES):
        return ()
    groups = company_form(seat, dumped(seat.desk.services.business.sources.company))
    who, where, languages, _ = as_written(groups, told[1]) if told else groups
    if step is Step.LANGUAGES:
        return (languages,)
    return (Group(who.title, tuple(each for each in (*who.fields, *where.fields) if each.name in SHORT)),)


def _steps(taken: Mapping[str, bool]) -> list[tuple[str, str]]:
    """Each with `done`, `skipped` or `open`."""
    return [(step.value, ("skipped" if taken[step] else "done") if step in taken else "open") for step in Step]


def _ago(seat: Seat, at: datetime | None) -> str:
    return seat.reader.clock.ago(at) if at is not None else ""


async def _overview(seat: Seat) -> Response:
    """What comes next; when nothing does, what is still off."""
    desk, reader = seat.desk, seat.reader
    async with unit_of_work(desk.services.sessions) as session:
        taken = await steps_taken(session, reader.viewer)
        heard = await last_heard(session, reader.viewer)
        colleagues = await staff_count(session, reader.viewer)
    ports = desk.services.connections
    following = next((step.value for step in Step if step not in taken), "")
    html = desk.pages.render(
        "start.html", reader.words, menu=menu(reader, "start"), csrf=reader.csrf_token, steps=_steps(taken),
        following=following, heard=_ago(seat, heard), is_alone=colleagues < 2,  # noqa: PLR2004 - the administrator
        off=[one for one in ports.channels() if not one.is_on],
        only_web=not any(one.is_on and one.channel != "webchat" for one in ports.channels()),
        is_embedded=[erp.kind for erp in ports.erps()] == [EMBEDDED],
        has_public_address=desk.services.settings.public_url is not None,
        has_retention=any(desk.services.business.retention.model_dump().values()),
    )  # fmt: skip
    return HTMLResponse(html)
