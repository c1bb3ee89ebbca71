"""What ticks a first day off is one's own deeds alone."""

from datetime import datetime

import pytest
from sqlalchemy import insert

from crm_core import models
from crm_core.access import Viewer
from crm_core.audit import AuditAction, Deed, append
from crm_core.db import Sessions, unit_of_work
from crm_core.events import Actor, Event, EventKind, record
from crm_core.first_day import first_day
from crm_core.setup_steps import take_step
from crm_core.states import Role


@pytest.fixture
async def people(sessions: Sessions, now: datetime) -> list[Viewer]:
    """An agent, an administrator, and one more of each."""
    roles = (Role.AGENT, Role.ADMIN, Role.AGENT, Role.ADMIN)
    rows = [
        {"email": f"{n}@oslo.example", "name": "New", "role": role, "created_at": now} for n, role in enumerate(roles)
    ]
    async with unit_of_work(sessions) as session:
        statement = insert(models.User).returning(models.User.id, sort_by_parameter_order=True)
        ids = (await session.scalars(statement, rows)).all()
    return [Viewer(number, role, frozenset(), "New") for number, role in zip(ids, roles, strict=True)]


async def done(sessions: Sessions, now: datetime, viewer: Viewer) -> set[str]:
    async with unit_of_work(sessions) as session:
        return set((await first_day(session, now, viewer)).done)


async def test_events_are_of_who_did_it(sessions: Sessions, now: datetime, people: list[Viewer]) -> None:
    agent, _, other, _ = people
    mine = Actor.agent(agent.user_id)
    async with unit_of_work(sessions) as session:
        await record(session, now, [Event(EventKind.TRANSFERRED, mine), Event(EventKind.ASSIGNED, mine)])
        await record(session, now, [Event(EventKind.AGENT_STATE_CHANGED, mine, data={"state": "available"})])
    assert await done(sessions, now, agent) == {"pass_on", "accept"}, "to be there is no break"
    assert await done(sessions, now, other) == set()


async def test_the_audit_trail_is_of_who_did_it(sessions: Sessions, now: datetime, people: list[Viewer]) -> None:
    _, admin, _, other = people
    mine = Actor.agent(admin.user_id)
    async with unit_of_work(sessions) as session:
        await take_step(session, now, admin, "channel", skipped=False)
        await take_step(session, now, admin, "erp", skipped=True)
        await append(session, now, Deed(AuditAction.CONFIGURATION_CHANGED, mine, "settings:queues"))
        await append(session, now, Deed(AuditAction.PERSON_CHANGED, mine, "user:7"))
    assert await done(sessions, now, admin) == {"queue", "people", "channel"}
    assert await done(sessions, now, other) == set()


async def test_what_was_found_stays_done(sessions: Sessions, now: datetime, people: list[Viewer]) -> None:
    agent = people[0]
    async with unit_of_work(sessions) as session:
        await record(session, now, [Event(EventKind.ESCALATED, Actor.agent(agent.user_id))])
    await done(sessions, now, agent)
    async with unit_of_work(sessions) as session:
        later = await first_day(session, now.replace(year=now.year + 1), agent)
    assert (later.done, later.is_shown) == ({"pass_on"}, False)
