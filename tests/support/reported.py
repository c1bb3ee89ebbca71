"""What reports of simulated days are held to."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from config.routing_files import Calendar, Queue
from crm_core.access import Reach, Viewer
from crm_core.db import Sessions, unit_of_work
from crm_core.reporting import Figures, Report
from crm_core.routing_rules import RoutingFiles, Rules, sync_rules
from crm_core.states import Role
from insight.simulate import Segment
from insight.tally import Tally
from tests.support.simulated_day import OPENS_AT

QUEUE_TEAMS = {queue: frozenset({queue}) for queue in ("service", "returns", "billing")}
WITHIN_S = 20.0


def _calendar(key: str, *windows: tuple[str, str]) -> Calendar:
    every_day = [{"days": [0, 1, 2, 3, 4, 5, 6], "start": start, "end": end} for start, end in windows]
    return Calendar.model_validate({"key": key, "time_zone": "Europe/Madrid", "windows": every_day})


# the simulated day begins at nine in Madrid; lines open and close in the midst of waits and replies
RULES = Rules(
    {key: Queue.model_validate({"key": key, "name": {"en": key}, "teams": [key], "hours": hours})
     for key, hours in (("service", "breaks"), ("returns", "late"), ("billing", "night"))},
    {"breaks": _calendar("breaks", ("09:05", "09:40"), ("10:10", "13:00"), ("14:00", "14:01")),
     "late": _calendar("late", ("11:30", "19:00")), "night": _calendar("night", ("22:00", "10:00"))},
)  # fmt: skip


async def keep_rules(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        await sync_rules(session, RoutingFiles([*RULES.queues.values()], [*RULES.calendars.values()], []))


def reach(role: Role = Role.SUPERVISOR, *teams: str) -> Reach:
    return Reach(Viewer(1, role, frozenset(teams), "Grace"), QUEUE_TEAMS)


def truth(segments: Sequence[Segment], as_of: datetime) -> dict[str, object]:
    """Straight from what the simulation kept, in another way than the facts are made."""
    now_us = round((as_of - OPENS_AT) / timedelta(microseconds=1))
    seen = [each for each in segments if each.queued_us <= now_us]
    waits = sorted(
        each.answered_us - each.queued_us
        for each in seen
        if each.answered_us is not None and each.answered_us <= now_us
    )
    left = [each.left_us - each.queued_us for each in seen if each.left_us is not None and each.left_us <= now_us]
    return {
        "offered": len(seen), "answered": len(waits), "abandoned": len(left),
        "waiting": len(seen) - len(waits) - len(left),
        "soon": sum(wait <= WITHIN_S * 1e6 for wait in waits), "short": sum(wait < 5e6 for wait in left),
        "wait_total": sum(waits) / 1e6,
    }  # fmt: skip


def told_of(tally: Tally) -> dict[str, object]:
    names = ("offered", "answered", "abandoned", "waiting", "soon", "short")
    return {**{name: tally[name] for name in names}, "wait_total": pytest.approx(tally.spread("wait").total, abs=1e-9)}


def assert_same(one: Tally, other: Tally) -> None:
    assert dict(one.counts) == dict(other.counts)
    assert one.spreads.keys() == other.spreads.keys()
    for name, spread in one.spreads.items():
        twin = other.spread(name)
        assert (spread.n, spread.total) == (twin.n, pytest.approx(twin.total, abs=1e-5)), name
        near = 1e-6 if name.endswith("_open") else 1e-9  # a calendar counts epoch seconds in floats
        assert spread.squares == pytest.approx(twin.squares, rel=near), name
        assert spread.quantiles == pytest.approx(twin.quantiles, abs=1e-6), name


def in_calendar_time(found: dict[str, object]) -> dict[str, object]:
    """Of a flat report, what the warehouse can tell, too."""
    return {name: number for name, number in found.items() if "_response_open_" not in name}


def flat(report: Report) -> dict[str, object]:
    """Every number of a report under a name of its own, so that reports can be compared but for the last bits."""
    found: dict[str, object] = {f"reason {reason}": n for reason, n in report.reasons.items()}
    groups: dict[str, Figures] = {"now": report.now, "before": report.before}
    groups |= {f"slot {slot.at_s}": slot.figures for slot in report.slots}
    groups |= {f"{by} {value}": each for by, values in report.groups.items() for value, each in values.items()}
    for group, figures in groups.items():
        for figure in figures.values():
            numbers = {each.name: getattr(figure, each.name) for each in fields(figure)[2:]}
            found |= {f"{group} {figure.key} {name}": number for name, number in numbers.items()}
    return found
