"""What is going on now: who waits, for how long, who is there; and the day so far."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Reach, report_queues, require_role
from crm_core.reporting import LineNow, Question, Wallboard
from insight.reports import read_report

_LINES = text("""
select queue_key, count(*) as waiting, extract(epoch from :now - min(queued_at)) as oldest_s,
       count(*) filter (where due_at < :now) as late
from conversation
where state in ('queued', 'offered') and queue_key is not null
  and (cast(:queues as text[]) is null or queue_key = any(:queues))
group by 1
""")
_AGENTS = text("""
select u.state, count(*) as n, count(*) filter (where u.state = 'available' and exists (
    select 1 from conversation c where c.agent_id = u.id and c.state in ('assigned', 'wrap_up'))) as busy
from app_user u
where u.disabled_at is null and u.role = 'agent'
  and (cast(:teams as text[]) is null or u.teams ?| cast(:teams as text[]))
group by 1
""")


async def read_wallboard(session: AsyncSession, reach: Reach, question: Question) -> Wallboard:
    """`question` asks for today. A lead sees their own lines and people; raises Forbidden for who sees no reports."""
    lines = await read_lines(session, reach, question.as_of)
    teams = None if report_queues(reach) is None else sorted(reach.viewer.teams)
    agents = (await session.execute(_AGENTS, {"teams": teams})).all()
    return Wallboard(
        lines, {row.state: row.n for row in agents}, sum(row.busy for row in agents),
        await read_report(session, reach, question),
    )  # fmt: skip


async def read_lines(session: AsyncSession, reach: Reach, now: datetime) -> dict[str, LineNow]:
    """Who waits, by queue; a queue where nobody does is left out. Raises Forbidden."""
    require_role(reach.viewer, Action.REPORT)
    queues = report_queues(reach)
    asked = {"now": now, "queues": None if queues is None else sorted(queues)}
    rows = (await session.execute(_LINES, asked)).all()
    return {row.queue_key: LineNow(row.waiting, float(row.oldest_s or 0), row.late) for row in rows}
