"""What the desk is handed for planning."""

from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Reach
from crm_core.planning import Week
from crm_core.planning_ports import Compute, PlanningPorts
from insight.mining.planned_day import day_need, formula, people_at_desk
from insight.plan_runner import PlanRunner
from insight.planning import measured, read_accuracy, read_past, week_outlook


async def _outlook(session: AsyncSession, reach: Reach, now: datetime, week: Week, queue: str | None) -> Compute:
    return partial(week_outlook, await read_past(session, reach, now, week, queue), week.days)


def planning_ports() -> PlanningPorts:
    return PlanningPorts(_outlook, measured, read_accuracy, day_need, people_at_desk, formula, PlanRunner().simulate)
