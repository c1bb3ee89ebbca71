"""The five steps at the desk: who sees them, what a form keeps, what is refused, versions, files and print."""

import csv
import io
import json

import pytest
import yaml
from babel.core import Locale
from sqlalchemy import func, select

from config.five_steps import FiveSteps
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.models_steps import FiveStepsVersion
from desk.forms import WrongField
from desk.steps_numbers import read_amount
from tests.support.desk_client import Browser, LogIn, hidden_field
from tests.support.simulated_day import simulated_day, write_events

HOME = "/desk/five-steps"
PAGES = tuple(f"{HOME}/{name}" for name in ("economics", "goals", "processes", "scope", "selection", "print"))
WRITTEN = {
    "cost_software_low": "1 000", "cost_software_mode": "2.000,50", "cost_software_high": "3000",
    "cost_support_mode": "500", "worth_agent_hour_mode": "20", "years": "3", "discount_rate": "12,5",
    "ramp": "30; 80; 100", "cashable_mode": "40", "baseline_first": "2026-11-16", "baseline_last": "2026-11-16",
    "first": "2026-11-23", "last": "2026-11-23",
}  # fmt: skip


async def write(browser: Browser, step: str = "economics", **fields: str) -> tuple[int, str]:
    base = hidden_field((await browser.get(f"{HOME}/{step}")).text, "base")
    answer = await browser.post(HOME, step=step, verb="save", **{"base": base, **fields})
    return answer.status_code, answer.text


async def held(browser: Browser) -> FiveSteps:
    return FiveSteps.model_validate(json.loads((await browser.get(f"{HOME}/export/json")).text))


async def test_only_who_supervises_sees_the_five_steps(log_in: LogIn, visitor: Browser) -> None:
    for name, status in {"elena": 403, "lev": 403, "grace": 200}.items():
        browser = await log_in(name)
        assert {path: (await browser.get(path)).status_code for path in PAGES} == dict.fromkeys(PAGES, status), name
        area = (await browser.http.get("/desk/oversight", follow_redirects=True)).text
        assert (HOME in area) == (status == 200)
        if status != 200:
            assert (await browser.post(HOME, step="economics", base="0")).status_code == 403
    for path in PAGES:
        assert (await visitor.get(path)).headers["location"].startswith("/desk/login")


async def test_what_is_written_is_kept_as_a_version_with_its_trail(log_in: LogIn, sessions: Sessions) -> None:
    grace = await log_in("grace")  # reads Spanish: a comma is the decimal sign
    assert (await write(grace, **WRITTEN))[0] == 303
    steps = await held(grace)
    assert steps.costs.software.model_dump() == {"low": 1_000, "mode": 2_000.5, "high": 3_000}
    assert steps.costs.support.low == steps.costs.support.high == 500
    assert (steps.terms.discount_rate, steps.terms.ramp) == (0.125, (0.3, 0.8, 1.0))
    assert steps.terms.cashable.mode == pytest.approx(0.4)
    async with unit_of_work(sessions) as session:
        deed = await session.scalar(select(AuditEntry).where(AuditEntry.object == "five_steps"))
    assert deed is not None
    assert "costs.software.mode" in deed.detail["changed"]


WRONG = (
    ({"cost_software_low": "5", "cost_software_mode": "1"}, "Software"),
    ({"cost_software_low": "5"}, "Software"),
    ({"cost_software_mode": "viel"}, "Software"),
    ({"cost_software_mode": "-5"}, "Software"),
    ({"worth_customer_mode": "1e9"}, "Un cliente conservado"),
    ({"baseline_first": "2026-11-16"}, "Antes, último día"),
    ({"first": "2026-11-01", "last": "2026-11-02"}, "Ahora, primer día"),
    ({"first": "x"}, "Ahora, primer día"),
    ({"discount_rate": "120"}, "Tipo de descuento"),
    ({"ramp": "30; 200"}, "Beneficios de cada año"),
    ({"years": "11"}, "Años"),
    ({"cashable_mode": "130"}, "Se vuelve dinero"),
    ({"written_to": "5", "written_responded": "6"}, "Campaña con grupo de control"),
)


async def test_a_wrong_field_is_named_in_a_sentence_and_nothing_is_kept(log_in: LogIn, sessions: Sessions) -> None:
    grace = await log_in("grace")
    for fields, named in WRONG:
        before = {"baseline_first": "2026-11-16", "baseline_last": "2026-11-16"} if "last" in fields else {}
        answer = await grace.post(HOME, step="economics", verb="save", base="0", **before, **fields)
        assert answer.status_code == 422, fields
        alert = answer.text.partition('role="alert"')[2].partition("</p>")[0]
        assert named in alert
        assert "five_steps." not in alert
    async with unit_of_work(sessions) as session:
        assert await session.scalar(select(func.count()).select_from(FiveStepsVersion)) == 0


async def test_who_is_late_is_told_and_writes_nothing_twice(log_in: LogIn) -> None:
    grace = await log_in("grace")
    base = hidden_field((await grace.get(f"{HOME}/processes")).text, "base")
    assert (await write(grace, "processes", note="first"))[0] == 303
    status, page = await write(grace, "processes", note="second", base=base)
    assert status == 409
    assert "second</textarea>" in page
    assert (await held(grace)).processes == "first"


async def test_an_earlier_version_is_compared_and_taken_back(log_in: LogIn, sessions: Sessions) -> None:
    grace = await log_in("grace")
    await write(grace, "processes", note="=first")
    await write(grace, "processes", note="second")
    async with unit_of_work(sessions) as session:
        first = await session.scalar(select(func.min(FiveStepsVersion.id)))
    page = (await grace.get(f"{HOME}/versions/{first}")).text
    assert "=first" in page
    assert "second" in page
    base = hidden_field(page, "base")
    assert (await grace.post(HOME, verb="version", version=str(first), base=base)).status_code == 303
    assert (await held(grace)).processes == "=first"
    lines = (await grace.get(f"{HOME}/export/csv")).content.decode("utf-8-sig")
    assert ["processes", "'=first"] in list(csv.reader(io.StringIO(lines)))
    as_yaml = yaml.safe_load((await grace.get(f"{HOME}/export/yml?version={first}")).text)
    assert FiveSteps.model_validate(as_yaml).processes == "=first"
    assert (await grace.get(f"{HOME}/versions/999999")).status_code == 404


async def test_goals_and_scores_are_read_as_they_are_shown(log_in: LogIn) -> None:
    grace = await log_in("grace")
    await write(grace, "goals", target_wait="40 s", target_abandonment="5", target_loyalty="35,5", now_loyalty="20")
    scores = {f"score_1_{option}": score for option, score in ((1, "5"), (2, "2"), (3, "0"))}
    options = {"option_1": "Ours", "option_2": "Theirs", "option_3": "None"}
    await write(grace, "selection", criterion_1="Fits", weight_1="2", **scores, **options)
    steps = await held(grace)
    targets = {key: goal.target for key, goal in steps.goals.items()}
    assert targets == {"wait": 40, "abandonment": 0.05, "loyalty": 35.5}
    assert steps.selection.criteria[0].scores == (5, 2, 0)
    goals = (await grace.get(f"{HOME}/goals")).text
    assert 'name="target_wait" value="40 s"' in goals
    assert "no cumplido" in goals
    assert (await write(grace, "selection", criterion_1="Fits", score_1_1="6", **options))[0] == 422


async def test_each_figure_leads_to_the_same_period_of_the_reports(
    log_in: LogIn, sessions: Sessions, staff: dict[str, UserId]
) -> None:
    await write_events(sessions, simulated_day(23, first_id=1_000_000).told)
    grace = await log_in("grace")
    await write(grace, **WRITTEN)
    page = (await grace.get(f"{HOME}/economics")).text
    assert "/desk/reports?period=custom&amp;from=2026-11-23&amp;to=2026-11-23#figure-handle" in page
    assert "/desk/reports?period=custom&amp;from=2026-11-16&amp;to=2026-11-16#figure-handle" in page
    assert "No se cuenta" in page
    processes = (await grace.get(f"{HOME}/processes")).text
    assert "/desk/search?intent=order_status&amp;since=2026-11-23&amp;until=2026-11-23" in processes


async def test_without_a_printer_there_is_a_sentence_and_the_print_view(log_in: LogIn) -> None:
    grace = await log_in("grace")
    answer = await grace.get(f"{HOME}/report.pdf")
    assert answer.status_code == 503
    assert f"{HOME}/print" in answer.text
    printed = (await grace.get(f"{HOME}/print")).text
    assert all(title in printed for title in ("Análisis económico", "Objetivos", "Procesos", "Alcance", "Selección"))


@pytest.mark.parametrize(("given", "language", "value"), [
    ("1,200", "en_GB", 1200), ("1,200", "es_ES", 1.2), ("1.200", "es_ES", 1200), ("1.200", "en_GB", 1.2),
    ("1 200,50", "ru_RU", 1200.5), ("1,234,567.8", "es_ES", 1234567.8), ("12,5", "en_GB", 12.5), ("", "en_GB", None),
])  # fmt: skip
def test_amounts_are_read_as_the_language_writes_them(given: str, language: str, value: float | None) -> None:
    assert read_amount(given, "x", Locale.parse(language)) == value


@pytest.mark.parametrize("given", ["1e5", "٣", "--1", "1..2", "NaN", "1,", "9" * 40])
def test_what_is_no_amount_is_refused(given: str) -> None:
    with pytest.raises(WrongField):
        read_amount(given, "x", Locale.parse("en_GB"))
