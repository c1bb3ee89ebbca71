"""The five steps: a page for each with its figures and its form, versions to compare and take back, files, a print."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from config.five_steps import ONE_OFF, YEARLY, FiveSteps, HoldOut
from crm_core.access import Action, require_role
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.settings_store import Version
from crm_core.steps_store import Held, keep_steps, read_steps, read_version, step_versions
from desk.answers import problem_text, route_class
from desk.change import number_of
from desk.forms import WrongField
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.settings_saving import base_of
from desk.steps_drawings import Paper
from desk.steps_files import FileKind, file_answer, version_lines
from desk.steps_form import (
    UNITS,
    Step,
    cashable_line,
    cost_lines,
    goal_text,
    option_names,
    ramp_text,
    score_lines,
    worth_lines,
)
from desk.steps_numbers import percent_text
from desk.steps_print import pdf_answer, printed
from desk.steps_reading import Written, read_step
from desk.steps_sheet import Sheet, sheet_context
from desk.views import Option
from desk.words import Words

HOME = "/desk/five-steps"
Kind = Annotated[FileKind, Path()]


@dataclass(frozen=True, slots=True)
class Told:
    """Why a form was not kept, and what had been written."""

    error: Conflict | InvalidInput | NotFound
    fields: Written


def steps_routes(desk: Desk) -> APIRouter:
    """For who supervises; the core asks again."""
    router = APIRouter(route_class=route_class(desk))
    _add_files(router, desk)

    @router.get(HOME)
    async def enter(request: Request) -> Response:
        await _reader(desk, request)
        return RedirectResponse(f"{HOME}/{Step.ECONOMICS}", 303)

    @router.get(f"{HOME}/versions/{{version}}")
    async def compare(request: Request, version: PathId) -> Response:
        return await _compare(desk, await _reader(desk, request), version)

    @router.get(f"{HOME}/{{step}}")
    async def show(request: Request, step: Step) -> Response:
        reader = await _reader(desk, request)
        return await _page(desk, reader, step, saved=request.query_params.get("saved") == "1")

    @router.post(HOME)
    async def change(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.SUPERVISE)
        step = next((each for each in Step if each == fields.get("step")), Step.ECONOMICS)
        try:
            await _keep(desk, reader, step, fields)
        except (Conflict, InvalidInput, NotFound) as error:
            return await _page(desk, reader, step, told=Told(error, fields))
        return RedirectResponse(f"{HOME}/{step}?saved=1", 303)

    return router


def _add_files(router: APIRouter, desk: Desk) -> None:
    """Before the steps, whose addresses they would else be."""

    @router.get(f"{HOME}/print")
    async def as_print(request: Request) -> Response:
        reader = await _reader(desk, request)
        return HTMLResponse(printed(desk.pages, (await read_sheet(desk, reader))[1]))

    @router.get(f"{HOME}/report.pdf")
    async def as_pdf(request: Request) -> Response:
        reader = await _reader(desk, request)
        return await pdf_answer(desk, reader, (await read_sheet(desk, reader))[1])

    @router.get(f"{HOME}/export/{{kind}}")
    async def as_file(request: Request, kind: Kind) -> Response:
        reader = await _reader(desk, request)
        version = number_of(request.query_params, "version")
        async with unit_of_work(desk.services.sessions) as session:
            held = await (read_version(session, reader.viewer, version) if version
                          else read_steps(session, reader.viewer))  # fmt: skip
        return file_answer(kind, held.steps, reader.words)


async def _reader(desk: Desk, request: Request) -> Reader:
    """Raises Forbidden."""
    reader = await require_reader(desk, request)
    require_role(reader.viewer, Action.SUPERVISE)
    return reader


async def read_sheet(desk: Desk, reader: Reader) -> tuple[Held, Sheet]:
    services = desk.services
    company = services.business.company
    async with unit_of_work(services.sessions) as session:
        held = await read_steps(session, reader.viewer)
        found = await services.reports.steps(session, reader.reach, reader.now, held.steps, company)
    paper = Paper(reader.words, reader.clock, company.currency)
    return held, Sheet(held.steps, found, paper, services.business, services.intents())


async def _keep(desk: Desk, reader: Reader, step: Step, fields: Written) -> None:
    """Raises WrongField, EditedMeanwhile, NotFound."""
    version = number_of(fields, "version")
    async with unit_of_work(desk.services.sessions) as session:
        held = await read_steps(session, reader.viewer)
        if fields.get("verb") == "version":
            wanted = (await read_version(session, reader.viewer, version)).steps
        else:
            wanted = read_step(step, fields, held.steps, reader.words)
        await keep_steps(session, reader.now, reader.viewer, Held(number_of(fields, "base"), wanted))


async def _page(desk: Desk, reader: Reader, step: Step, *, saved: bool = False, told: Told | None = None) -> Response:
    held, sheet = await read_sheet(desk, reader)
    async with unit_of_work(desk.services.sessions) as session:
        versions = await step_versions(session, reader.viewer)
    base = base_of(held.version, (told.error, told.fields) if told else None)
    html = desk.pages.render(
        "five_steps.html", reader.words, **sheet_context(sheet), **_form(held.steps, sheet.paper, told),
        **_frame(reader, step, base, versions), saved=saved, problem=_problem(told, reader.words),
    )  # fmt: skip
    return HTMLResponse(html, told.error.status if told else 200)


def _frame(reader: Reader, step: Step, base: int, versions: list[Version]) -> dict[str, object]:
    words = reader.words
    tabs = [Option(each.value, words(f"five_steps.step.{each}"), each is step) for each in Step]
    return {
        "menu": menu(reader, "five_steps"), "csrf": reader.csrf_token, "step": step.value, "tabs": tabs,
        "base": base, "versions": versions, "ago": reader.clock.ago, "full": reader.clock.full,
    }  # fmt: skip


def _form(steps: FiveSteps, paper: Paper, told: Told | None) -> dict[str, object]:
    """What stands in the fields: what was written, where it was refused."""
    words = paper.words
    written = told.fields if told else {}

    def value(name: str, otherwise: object) -> str:
        return written.get(name, str("" if otherwise is None else otherwise))

    return {
        "value": value, "currency": paper.currency, "one_off": cost_lines(steps, ONE_OFF, words),
        "yearly": cost_lines(steps, YEARLY, words), "worth": worth_lines(steps, words),
        "cashable": cashable_line(steps, words), "ramp": ramp_text(steps, words),
        "rate": percent_text(steps.terms.discount_rate, words.locale), "options": option_names(steps, words),
        "lines": score_lines(steps, words), "goal_fields": _goal_fields(steps, words),
        "hold_out": [(name, getattr(steps.campaign, name) or "") for name in HoldOut.model_fields],
        "wrong": told.error.name if told and isinstance(told.error, WrongField) else "",
    }  # fmt: skip


def _goal_fields(steps: FiveSteps, words: Words) -> dict[str, dict[str, str]]:
    found = {}
    for key in UNITS:
        goal = next((each for name, each in steps.goals.items() if name == key), None)
        values = {name: getattr(goal, name, None) for name in ("baseline", "target", "now")}
        found[key] = {name: goal_text(each, key, words) for name, each in values.items()}
    return found


def _problem(told: Told | None, words: Words) -> str:
    if told is None:
        return ""
    if isinstance(told.error, WrongField):
        rule = words.known(f"five_steps.rules.{told.error.rule}", words.known(
            f"settings.rules.{told.error.rule}", words("settings.rules.any")))  # fmt: skip
        return words("settings.wrong", field=_label(told.error.name, words), rule=rule)
    return problem_text(words, told.error)


def _label(name: str, words: Words) -> str:
    """What the form calls a field."""
    part, _, rest = name.partition("_")
    section = {"cost": "costs", "worth": "worth", "target": "goal", "baseline": "goal", "now": "goal"}.get(part, "")
    own = words.known(f"five_steps.field.{name}", words.known(f"five_steps.terms.{name}", ""))
    return own or words.known(f"five_steps.{section}.{rest}", words.known(f"five_steps.field.{part}", name))


async def _compare(desk: Desk, reader: Reader, version: int) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        then = await read_version(session, reader.viewer, version)
        held = await read_steps(session, reader.viewer)
        known = {each.id: each for each in await step_versions(session, reader.viewer)}
    html = desk.pages.render(
        "five_steps_version.html", reader.words, menu=menu(reader, "five_steps"), csrf=reader.csrf_token,
        base=held.version, version=version, one=known.get(version), full=reader.clock.full,
        lines=version_lines(then.steps, held.steps),
    )  # fmt: skip
    return HTMLResponse(html)
