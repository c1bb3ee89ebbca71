"""Campaigns for marketers: write and preview one, try it on oneself, start it, watch it, and read what it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, require_role
from crm_core.audience import Asked, Preview, candidates, preview, terms_of
from crm_core.campaign_report import DesignAnswer, DesignAsked
from crm_core.campaign_results import read_lots, read_progress
from crm_core.campaign_trials import Sample, campaign_inboxes, samples, send_trial
from crm_core.campaign_values import BadPlan, CampaignState
from crm_core.campaigns import (
    CHANGES,
    StoredCampaign,
    change_state,
    list_campaigns,
    read_campaign,
    save_plan,
    schedule,
)
from crm_core.contracts import ContactId
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput, SwitchboardError
from crm_core.models import Inbox
from desk.answers import problem_text, route_class
from desk.campaign_form import EMPTY, CampaignForm, campaign_form, plan_of, written_form
from desk.campaign_views import Wording, shown_campaign, shown_preview, shown_progress, shown_report
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.words import Words

PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Told:
    """What stands above the page, and what was written when it was refused."""

    sentence: str = ""
    tone: str = "warn"
    status: int = 200
    fields: Mapping[str, str] | None = None


NOTHING = Told()


def campaign_routes(desk: Desk) -> APIRouter:
    """For those who may; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/campaigns")
    async def everything(request: Request) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            found = await list_campaigns(session, reader.viewer)
        say = wording(desk, reader)
        return _html(desk, reader, "campaigns.html", NOTHING, campaigns=[shown_campaign(one, say) for one in found])

    @router.get("/desk/campaigns/new")
    async def fresh(request: Request) -> Response:
        return await _editor(desk, await require_reader(desk, request), NOTHING)

    @router.post("/desk/campaigns/new")
    async def written(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        return await _save(desk, reader, None, fields)

    @router.get("/desk/campaigns/{campaign_id}")
    async def one(request: Request, campaign_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        return await _page(desk, reader, campaign_id, NOTHING, request.query_params)

    @router.post("/desk/campaigns/{campaign_id}")
    async def act(request: Request, campaign_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        verb = fields.get("verb", "")
        if verb == "save":
            return await _save(desk, reader, campaign_id, fields)
        try:
            told = await _do(desk, reader, campaign_id, verb)
        except (Conflict, InvalidInput) as error:
            told = Told(problem(reader.words, error), status=error.status)
        if told is NOTHING:
            return RedirectResponse(f"/desk/campaigns/{campaign_id}", 303)
        return await _page(desk, reader, campaign_id, told, {})

    return router


def wording(desk: Desk, reader: Reader) -> Wording:
    return Wording(reader.words, reader.clock, desk.services.business.company.currency)


def problem(words: Words, error: SwitchboardError) -> str:
    if isinstance(error, BadPlan):
        return words(f"campaigns.problems.{error.what}")
    return problem_text(words, error)


async def _do(desk: Desk, reader: Reader, campaign_id: int, verb: str) -> Told:
    terms = terms_of(desk.services.business)
    async with unit_of_work(desk.services.sessions) as session:
        if verb == "start":
            await schedule(session, reader.now, reader.viewer, terms, campaign_id)
        elif verb == "try":
            shown = await _samples(desk, session, await read_campaign(session, campaign_id))
            letters = [sample for sample in shown if sample.channel == "email"] or shown
            to = await send_trial(session, reader.now, reader.viewer, campaign_id, letters)
            return Told(reader.words("campaigns.tried", n=len(letters), address=to), "ok")
        else:
            await change_state(session, reader.now, reader.viewer, campaign_id, verb if verb in CHANGES else "")
    return NOTHING


async def _save(desk: Desk, reader: Reader, campaign_id: int | None, fields: Mapping[str, str]) -> Response:
    try:
        async with unit_of_work(desk.services.sessions) as session:
            plan = plan_of(fields, await campaign_inboxes(session), reader.clock.zone)
            saved = await save_plan(session, reader.now, reader.viewer, plan, campaign_id)
    except (Conflict, InvalidInput) as error:
        told = Told(problem(reader.words, error), status=error.status, fields=fields)
        if campaign_id is None:
            return await _editor(desk, reader, told)
        return await _page(desk, reader, campaign_id, told, {})
    return RedirectResponse(f"/desk/campaigns/{saved}", 303)


async def _editor(desk: Desk, reader: Reader, told: Told) -> Response:
    """An empty form."""
    require_role(reader.viewer, Action.CAMPAIGN)
    async with unit_of_work(desk.services.sessions) as session:
        inboxes = await campaign_inboxes(session)
    form = _form(EMPTY, inboxes, reader, told)
    return _html(desk, reader, "campaign_edit.html", told, form=form, campaign=None, preview=None, samples=(), asked={})


def _form(plan: object, inboxes: Sequence[Inbox], reader: Reader, told: Told) -> CampaignForm:
    form = campaign_form(plan, inboxes, reader.words, reader.clock.zone)  # type: ignore[arg-type]
    return written_form(told.fields, form) if told.fields is not None else form


async def _page(desk: Desk, reader: Reader, campaign_id: int, told: Told, asked: Mapping[str, str]) -> Response:
    require_role(reader.viewer, Action.CAMPAIGN)
    say = wording(desk, reader)
    async with unit_of_work(desk.services.sessions) as session:
        found = await read_campaign(session, campaign_id)
        if found.state is not CampaignState.DRAFT:
            return await _running(desk, session, reader, found, told)
        inboxes = await campaign_inboxes(session)
        audience = await _preview(desk, session, reader, found)
        shown = await _samples(desk, session, found)
    design = _design(desk, found, audience, asked)
    return _html(
        desk, reader, "campaign_edit.html", told, form=_form(found.plan, inboxes, reader, told),
        campaign=shown_campaign(found, say), preview=shown_preview(audience, design, say), samples=shown,
        asked={name: asked.get(name, "") for name in ("rate", "effect")},
    )  # fmt: skip


async def _preview(desk: Desk, session: AsyncSession, reader: Reader, found: StoredCampaign) -> Preview:
    asked = Asked(found.plan.criteria, found.plan.inbox_ids, found.id)
    return preview(await candidates(session, reader.now, terms_of(desk.services.business), asked))


async def _samples(desk: Desk, session: AsyncSession, found: StoredCampaign) -> list[Sample]:
    chosen = [inbox.channel for inbox in await campaign_inboxes(session) if inbox.id in found.plan.inbox_ids]
    link = desk.services.campaigns.link(ContactId(0))
    return samples(found.plan.arms, chosen, terms_of(desk.services.business), link)


def _design(desk: Desk, found: StoredCampaign, audience: Preview, asked: Mapping[str, str]) -> DesignAnswer | None:
    """What the numbers in the address ask for; nothing for numbers that are none."""
    held = sum(arm.share for arm in found.plan.arms if arm.is_hold_out) / PERCENT
    left_alone = round(audience.reached * held)
    try:
        rate, effect = (float(asked.get(name, "").replace(",", ".")) / PERCENT for name in ("rate", "effect"))
        question = DesignAsked(rate, effect, audience.reached - left_alone, left_alone)
        return desk.services.campaigns.design(question)
    except (ValueError, InvalidInput):
        return None


async def _running(desk: Desk, session: AsyncSession, reader: Reader, found: StoredCampaign, told: Told) -> Response:
    say = wording(desk, reader)
    progress = await read_progress(session, reader.viewer, found.id)
    lots = await read_lots(session, reader.viewer, found.id)
    report = desk.services.campaigns.report(found, lots, reader.now)
    cost = float(found.plan.cost) if found.plan.cost is not None else None
    return _html(
        desk, reader, "campaign.html", told, campaign=shown_campaign(found, say),
        progress=shown_progress(progress, say), report=shown_report(report, cost, say) if lots else None,
        verbs=[verb for verb, (before, _, _) in CHANGES.items() if found.state in before],
        days=found.plan.conversion_days, conversion=reader.words(f"campaigns.conversions.{found.plan.conversion}"),
    )  # fmt: skip


def _html(desk: Desk, reader: Reader, template: str, told: Told, **context: object) -> Response:
    html = desk.pages.render(
        template, reader.words, menu=menu(reader, "campaigns"), csrf=reader.csrf_token, told=told, wide=True, **context
    )
    return HTMLResponse(html, told.status)
