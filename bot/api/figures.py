"""Queues, agents and the figures of the reports."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends

from bot.api import answers
from bot.api.caller import Caller, Reads
from bot.api.fields import Moment, QueryText
from bot.api.routing import api_router
from bot.api.services import Api
from crm_core.agent_list import agent_lines
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.reporting import Dimension, Figures, LineNow, Period, Question
from crm_core.states import Scope
from insight.reports import read_report
from insight.wallboard import read_lines

WEEK, LONGEST = timedelta(days=7), timedelta(days=366)
EARLIEST_YEAR = 2000


def figure_routes(api: Api) -> APIRouter:
    router = api_router("figures")
    reads = Annotated[Caller, Depends(Reads(api, Scope.REPORTS_READ))]

    @router.get("/queues", summary="List queues, with who waits now")
    async def queues(caller: reads) -> answers.Queues:
        async with unit_of_work(api.services.sessions) as session:
            lines = await read_lines(session, caller.reach, caller.now)
        return answers.Queues(items=_queues(api, caller, lines))

    @router.get("/agents", summary="List agents, with state and capacity")
    async def agents(caller: reads) -> answers.Agents:
        async with unit_of_work(api.services.sessions) as session:
            found = await agent_lines(session, caller.reach)
        return answers.Agents(items=[answers.Agent.model_validate(one) for one in found])

    @router.get("/reports", summary="Read the figures of a period")
    async def reports(
        caller: reads, since: Moment, until: Moment, by: Dimension = Dimension.QUEUE,
        only: Annotated[dict[Dimension, str], Depends(_only)] = {},  # noqa: B006 - never changed
    ) -> answers.Report:  # fmt: skip
        question = _question(api, caller, Period(since, until), only)
        async with unit_of_work(api.services.sessions) as session:
            report = await read_report(session, caller.reach, question)
        groups = {name: _figures(figures) for name, figures in report.groups[by].items()}
        return answers.Report(
            since=since, until=question.period.until, figures=_figures(report.now), before=_figures(report.before),
            groups=groups,
        )  # fmt: skip

    return router


def _only(
    queue: QueryText = None, channel: QueryText = None, language: QueryText = None, intent: QueryText = None,
    agent: QueryText = None,
) -> dict[Dimension, str]:  # fmt: skip
    given = (queue, channel, language, intent, agent)
    return {name: value for name, value in zip(Dimension, given, strict=True) if value is not None}


def _question(api: Api, caller: Caller, period: Period, only: Mapping[Dimension, str]) -> Question:
    """What lies ahead is left out. Raises InvalidInput."""
    period = Period(period.since, min(period.until, caller.now))
    if not timedelta(0) < period.length <= LONGEST or period.since.year < EARLIEST_YEAR:
        raise InvalidInput("“since” must lie before “until” and before now, by 366 days at most.")
    before = period.earlier((period.length // WEEK + 1) * WEEK)
    return Question(period, before, caller.now, api.services.business.company.time_zone, only)


def _figures(figures: Figures) -> list[answers.Figure]:
    return [answers.Figure.model_validate(one) for one in figures.values()]


def _queues(api: Api, caller: Caller, lines: Mapping[str, LineNow]) -> list[answers.Queue]:
    found = []
    for queue in api.services.business.queues.queues:
        if caller.reach.sees_all or queue.key in caller.reach.queues:
            line = lines.get(queue.key, LineNow())
            counts = {"waiting": line.waiting, "oldest_s": line.oldest_s, "late": line.late}
            found.append(answers.Queue(key=queue.key, name=queue.name, teams=queue.teams, **counts))
    return found
