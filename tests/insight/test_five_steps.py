"""What is measured for the five steps, from events of two periods in a real database."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from config.business import read_business
from config.five_steps import FiveSteps, Periods, Range, Worth
from config.settings import ROOT
from crm_core import models
from crm_core.access import Reach, Viewer
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import Forbidden
from crm_core.states import Role
from crm_core.step_findings import Findings
from insight.five_steps import read_findings
from insight.simulated_events import Told
from tests.support.simulated_day import OPENS_AT, simulated_day, write_events

COMPANY = read_business(ROOT / "config").company
NOW = datetime.fromisoformat("2026-11-25T10:00:00+00:00")
BEFORE, AFTER = date(2026, 11, 16), date(2026, 11, 23)
PERIODS = Periods(baseline_first=BEFORE, baseline_last=BEFORE, first=AFTER, last=AFTER)
STEPS = FiveSteps(periods=PERIODS, worth=Worth(agent_hour=Range(low=10, mode=15, high=20)))


def reach(role: Role = Role.SUPERVISOR) -> Reach:
    return Reach(Viewer(1, role, frozenset(), "Grace"), {})


async def findings(sessions: Sessions, steps: FiveSteps = STEPS) -> Findings:
    async with unit_of_work(sessions) as session:
        return await read_findings(session, reach(), NOW, steps, COMPANY)


@pytest.fixture
async def _two_days(sessions: Sessions) -> None:
    """The same day twice, a week apart."""
    await write_events(sessions, simulated_day(23, 90, first_id=1_000_000).told)
    async with unit_of_work(sessions) as session:
        event = models.Event
        columns = (event.at, event.kind, event.actor, event.conversation_id, event.data)
        rows = (await session.execute(select(*columns).order_by(event.id))).all()
        earlier = [
            {"at": row.at - timedelta(days=7), "kind": row.kind, "actor": row.actor, "data": row.data,
             "conversation_id": row.conversation_id and row.conversation_id + 1_000_000, "contact_id": None}
            for row in rows
        ]  # fmt: skip
        await session.execute(insert(event), earlier)


@pytest.mark.usefixtures("_two_days")
async def test_figures_are_those_of_the_reports_and_the_same_twice_is_no_benefit(sessions: Sessions) -> None:
    found = await findings(sessions)
    assert found.before is not None
    assert found.now.since - found.before.since == timedelta(days=7)
    by_key = {each.key: each for each in found.changes}
    assert by_key["handling"].before == by_key["handling"].now
    assert by_key["handling"].delta is not None
    assert by_key["handling"].delta.mode == 0
    assert by_key["retention"].refusal is not None  # no sales are here
    goals = {each.key: each for each in found.goals}
    assert goals["wait"].baseline == goals["wait"].now
    assert goals["wait"].refusal is not None  # one day on each side
    assert goals["productivity"].now == goals["productivity"].baseline
    assert found.economics.npv.p50 == pytest.approx(0.0, abs=1e4)


async def test_half_hours_of_two_days_are_not_taken_for_days(sessions: Sessions) -> None:
    """A day of four stretches, and the next one alike: figures of some thirty half hours each."""
    for number in range(8):
        days, stretch = divmod(number, 4)
        later = timedelta(days=days, hours=4 * stretch - 6)
        told = simulated_day(number, 60, first_id=1_000 * (number + 1)).told
        await write_events(sessions, [Told(each.at + later, each.event) for each in told])
    first = OPENS_AT.date()
    then = first + timedelta(days=1)
    periods = Periods(baseline_first=first, baseline_last=first, first=then, last=then)
    found = await findings(sessions, STEPS.model_copy(update={"periods": periods}))
    goals = {each.key: each for each in found.goals}
    assert goals["wait"].now is not None
    assert goals["wait"].effect is None
    assert goals["wait"].refusal is not None


@pytest.mark.usefixtures("_two_days")
async def test_gaps_and_scope_count_what_the_events_say(sessions: Sessions) -> None:
    found = await findings(sessions)
    assert {gap.intent for gap in found.gaps} == {"order_status", "return_item", "invoice_copy"}
    for gap in found.gaps:
        assert 0 < gap.handed_over == sum(gap.reasons.values()) <= gap.conversations
        assert gap.reasons == {"asked_for_person": gap.handed_over}
    assert set(found.scope.channels) == {"webchat", "phone", "email"}
    assert found.scope.unknown == {}


async def test_an_empty_company_gets_a_report_that_counts_nothing(sessions: Sessions) -> None:
    found = await findings(sessions, FiveSteps())
    assert found.before is None
    assert all(each.delta is None and each.refusal is not None for each in found.changes)
    assert (found.gaps, found.economics.npv.p50, found.economics.tornado) == ((), 0.0, ())


async def test_only_who_supervises_may_ask(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        for role in (Role.AGENT, Role.LEAD):
            with pytest.raises(Forbidden):
                await read_findings(session, reach(role), NOW, STEPS, COMPANY)
