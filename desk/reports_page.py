"""Reports for leads, supervisors and administrators: a page, and the same as a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, allows, report_queues, require_role
from crm_core.colleagues import colleague_names
from crm_core.db import unit_of_work
from crm_core.report_letters import is_subscribed, subscribe
from crm_core.reporting import Dimension, Report, Slot
from desk.answers import route_class
from desk.people import intent_name
from desk.reader import Reader, require_change, require_reader
from desk.report_csv import report_csv
from desk.report_period import LIMITS_S, Asked, Span, read_asked
from desk.report_views import all_figures, cards, columns, lines, reasons, seconds
from desk.sections import menu
from desk.services import Desk
from desk.views import Option
from desk.words import Words, queue_names

Names = Mapping[Dimension, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A drop-down of the filter bar."""

    key: str
    name: str
    options: tuple[Option, ...]


def reports_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/reports")
    async def reports(request: Request) -> Response:
        reader = await require_reader(desk, request)
        asked, report, names = await _read(desk, request, reader)
        async with unit_of_work(desk.services.sessions) as session:
            weekly = await is_subscribed(session, reader.viewer)
        query = dict(request.query_params)
        return HTMLResponse(_page(desk, reader, (asked, report, names), query, weekly=weekly))

    @router.get("/desk/reports/csv")
    async def as_file(request: Request) -> Response:
        reader = await require_reader(desk, request)
        asked, report, names = await _read(desk, request, reader)
        name = f"reports-{asked.first}-{asked.last}.csv"
        return Response(
            report_csv(report, asked, names, reader.words), media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )  # fmt: skip

    @router.post("/desk/reports/weekly")
    async def weekly(request: Request) -> Response:
        """Get the weekly report by mail, or no longer."""
        reader, fields = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await subscribe(session, reader.now, reader.viewer, wanted=fields.get("verb") == "get")
        return RedirectResponse("/desk/reports", 303)

    return router


async def _read(desk: Desk, request: Request, reader: Reader) -> tuple[Asked, Report, Names]:
    """Raises Forbidden for who may see no reports; the port asks again."""
    require_role(reader.viewer, Action.REPORT)
    asked = read_asked(request.query_params, reader)
    async with unit_of_work(desk.services.sessions) as session:
        names = await names_of(desk, session, reader)
        report = await desk.services.reports.read(session, reader.reach, asked.question)
    return asked, report, names


async def names_of(desk: Desk, session: AsyncSession, reader: Reader) -> Names:
    """What the keys of every dimension are called; a lead is offered their own queues and people."""
    words, allowed = reader.words, report_queues(reader.reach)
    business = desk.services.business
    named = queue_names(business.queues.queues, words.language)
    queues = {key: name for key, name in named.items() if allowed is None or key in allowed}
    return {
        Dimension.QUEUE: queues,
        Dimension.CHANNEL: {key: words(f"channels.{key}") for key in words.section("channels")},
        Dimension.LANGUAGE: {key: words(f"languages.{key}") for key in business.company.languages},
        Dimension.INTENT: {key: intent_name(key, words) for key in desk.services.intents()},
        Dimension.AGENT: await colleague_names(session, reader.reach),
    }


def _page(
    desk: Desk, reader: Reader, found: tuple[Asked, Report, Names], query: Mapping[str, str], *, weekly: bool
) -> str:  # fmt: skip
    asked, report, names = found
    words, within_s, by = reader.words, asked.question.within_s, asked.by
    figures = all_figures(report, words, within_s)
    return desk.pages.render(
        "reports.html", words, menu=menu(reader, "reports"),
        cards=cards(report, words, within_s), figures=list(figures.values()), asked=asked, by=by,
        period=_period_text(asked, reader), spans=_spans(asked, words), filters=_filters(asked, names, words),
        limits=_limits(asked, words), tabs=_tabs(query, by, words), reasons=reasons(report, words),
        headings=[figures[key].name for key in columns(by)], lines=lines(report, by, names[by], words),
        chart=chart_of(report.slots, words, within_s), csv="/desk/reports/csv?" + urlencode(query),
        weekly=weekly, csrf=reader.csrf_token,
        may_subscribe=desk.services.can_mail and allows(reader.viewer.role, Action.SUPERVISE),
        is_empty=not report.now["offered"].n and not report.now["containment_strict"].n,
    )  # fmt: skip


def _period_text(asked: Asked, reader: Reader) -> str:
    question, clock = asked.question, reader.clock
    days = [clock.plain_day(day) for day in dict.fromkeys((asked.first, asked.last))]
    earlier = clock.plain_day(question.before.since.astimezone(clock.zone).date())
    return reader.words("reports.period", days=" – ".join(days), before=earlier)


def _spans(asked: Asked, words: Words) -> tuple[Option, ...]:
    return tuple(Option(span.value, words(f"reports.spans.{span}"), span is asked.span) for span in Span)


def _limits(asked: Asked, words: Words) -> tuple[Option, ...]:
    return tuple(Option(str(limit), seconds(limit, words), limit == asked.question.within_s) for limit in LIMITS_S)


def _filters(asked: Asked, names: Names, words: Words) -> tuple[Filter, ...]:
    only = asked.question.only
    return tuple(
        Filter(dimension.value, words(f"reports.by.{dimension}"), _options(only.get(dimension), names[dimension]))
        for dimension in Dimension
    )


def _options(chosen: str | None, names: Mapping[str, str]) -> tuple[Option, ...]:
    return tuple(Option(key, name, key == chosen) for key, name in names.items())


def _tabs(query: Mapping[str, str], by: Dimension, words: Words) -> tuple[tuple[str, Option], ...]:
    return tuple(
        ("?" + urlencode({**query, "by": each.value}), Option(each.value, words(f"reports.by.{each}"), each is by))
        for each in Dimension
    )


def chart_of(slots: tuple[Slot, ...], words: Words, within_s: float) -> str:
    """For the script: times, then contacts answered, given up, the service level and the median wait."""
    keys = ("offered", "abandoned", "sl_excl_short", "wait_p50", "wait_p95")
    limit = seconds(within_s, words)
    return json.dumps({
        "at": [slot.at_s for slot in slots],
        "series": {key: [slot.figures[key].value for slot in slots] for key in keys},
        "names": {key: words(f"reports.figures.{key}", limit=limit) for key in keys},
        "locale": str(words.locale).replace("_", "-"), "second": words("reports.units.s", n="{n}"),
    }, ensure_ascii=False)  # fmt: skip
