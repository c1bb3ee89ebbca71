"""Leads by stage for those who sell, and the figures of sales for those who look after them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from config.sales_files import Stage
from crm_core.access import Action, allows
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput
from crm_core.leads import LeadChange, LeadView, change_lead, lose_lead, open_leads, sellers
from crm_core.sales_report import SalesQuestion, SalesReport, SellerFigures
from desk.answers import problem_text, route_class
from desk.campaign_views import Wording
from desk.campaigns_page import wording
from desk.change import number_of
from desk.people import person_name
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.views import Option
from desk.words import in_language

PERIODS = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class ShownLead:
    id: int
    name: str
    href: str | None
    owner: str
    owner_id: int
    stage: str
    value: str
    raw_value: str
    next_step: str
    next_on: str
    raw_next_on: str
    is_late: bool
    since: str


@dataclass(frozen=True, slots=True)
class ShownStage:
    key: str
    name: str
    count: str
    total: str
    leads: tuple[ShownLead, ...]


def lead_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/leads")
    async def board(request: Request) -> Response:
        return await _board(desk, await require_reader(desk, request))

    @router.post("/desk/leads/{lead_id}")
    async def change(request: Request, lead_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        sales = desk.services.business.sales
        try:
            async with unit_of_work(desk.services.sessions) as session:
                if fields.get("verb") == "lose":
                    await lose_lead(session, reader.now, reader.viewer, sales, (lead_id, fields.get("reason", "")))
                else:
                    await change_lead(session, reader.now, reader.viewer, sales, (lead_id, _change(fields)))
        except (Conflict, InvalidInput) as error:
            return await _board(desk, reader, problem_text(reader.words, error), error.status)
        return RedirectResponse(f"/desk/leads#lead-{lead_id}", 303)

    @router.get("/desk/sales")
    async def figures(request: Request) -> Response:
        return await _figures(desk, await require_reader(desk, request), request.query_params.get("days", ""))

    return router


def _change(fields: Mapping[str, str]) -> LeadChange:
    """Raises InvalidInput for a value or a day that is none."""
    given, on = fields.get("value", "").strip().replace(",", "."), fields.get("next_step_on", "").strip()
    try:
        value, day = Decimal(given) if given else None, date.fromisoformat(on) if on else None
    except (InvalidOperation, ValueError) as error:
        raise InvalidInput("Write the value as a number and the day as a date.") from error
    if value is not None and not value.is_finite():
        raise InvalidInput("Write the value as a number.")
    owner = number_of(fields, "owner") or None
    return LeadChange(fields.get("stage", ""), value, fields.get("next_step", ""), day, owner)


async def _board(desk: Desk, reader: Reader, sentence: str = "", status: int = 200) -> Response:
    say, sales = wording(desk, reader), desk.services.business.sales
    async with unit_of_work(desk.services.sessions) as session:
        found = await open_leads(session, reader.viewer)
        may_give = allows(reader.viewer.role, Action.SUPERVISE)
        people = [Option(str(key), name) for key, name in await sellers(session)] if may_give else []
    stages = tuple(_stage(stage, found, reader, say) for stage in sales.stages)
    reasons = [Option(each.key, in_language(each.name, reader.words.language)) for each in sales.lost_reasons]
    html = desk.pages.render(
        "leads.html", reader.words, menu=menu(reader, "leads"), csrf=reader.csrf_token, stages=stages, reasons=reasons,
        people=people, sentence=sentence, wide=True, is_empty=not found,
    )  # fmt: skip
    return HTMLResponse(html, status)


def _stage(stage: Stage, found: Sequence[LeadView], reader: Reader, say: Wording) -> ShownStage:
    own = [lead for lead in found if lead.stage == stage.key]
    value = float(sum(lead.value or 0 for lead in own))
    total = reader.words("leads.total", value=say.money(value), weighted=say.money(value * stage.chance / 100))
    name, count = in_language(stage.name, reader.words.language), reader.words("leads.count", n=len(own))
    leads = tuple(_lead(lead, reader, say) for lead in own)
    return ShownStage(stage.key, name, count, total if value else "", leads)


def _lead(lead: LeadView, reader: Reader, say: Wording) -> ShownLead:
    today = reader.now.astimezone(reader.clock.zone).date()
    on = lead.next_step_on
    return ShownLead(
        lead.id, person_name(lead.contact_name, lead.address, reader.words),
        f"/desk/c/{lead.conversation_id}" if lead.conversation_id else None, lead.owner_name, lead.owner_id, lead.stage,
        say.money(float(lead.value)) if lead.value is not None else "", "" if lead.value is None else f"{lead.value:f}",
        lead.next_step or "", reader.clock.plain_day(on) if on else "", on.isoformat() if on else "",
        on is not None and on < today, reader.clock.ago(lead.stage_at),
    )  # fmt: skip


async def _figures(desk: Desk, reader: Reader, asked: str) -> Response:
    days = next((each for each in PERIODS if str(each) == asked), PERIODS[1])
    until = reader.now.astimezone(reader.clock.zone).date() + timedelta(days=1)
    business = desk.services.business
    question = SalesQuestion(until - timedelta(days=days), until, business.company.currency, business.sales)
    async with unit_of_work(desk.services.sessions) as session:
        found = await desk.services.campaigns.sales(session, reader.viewer, question)
    say = wording(desk, reader)
    html = desk.pages.render(
        "sales.html", reader.words, menu=menu(reader, "sales"), wide=True, report=found, say=say, days=days,
        periods=[Option(str(each), reader.words("sales.period", days=each), each == days) for each in PERIODS],
        sellers=[_seller(one, say) for one in found.sellers], stages=_stages(found, desk, reader, say),
    )  # fmt: skip
    return HTMLResponse(html)


def _seller(one: SellerFigures, say: Wording) -> tuple[str, tuple[str, ...]]:
    counts = (say.number(count) for count in (one.won, one.lost, one.open))
    return one.name, (*counts, say.money(one.won_amount), say.money(one.weighted))


def _stages(found: SalesReport, desk: Desk, reader: Reader, say: Wording) -> list[tuple[str, tuple[str, ...]]]:
    names = {stage.key: in_language(stage.name, reader.words.language) for stage in desk.services.business.sales.stages}
    shown: list[tuple[str, tuple[str, ...]]] = []
    for one in found.stages:
        won = say.percent(one.won.value)
        if one.won.low is not None and one.won.high is not None:
            won = f"{won} ({say.percent(one.won.low)}–{say.percent(one.won.high)})"
        shown.append((names[one.stage], (say.number(one.reached), won)))
    return shown
