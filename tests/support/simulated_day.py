"""Small simulated days, and their events in a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import insert

from crm_core import models
from crm_core.db import Sessions, unit_of_work
from crm_core.routing_values import Candidate, Capacity, Load, Need, Ring
from insight.arrivals import Day
from insight.customers import Conduct, Kind, draw_crowd
from insight.roster import shifts
from insight.simulate import Centre, Habits, Segment, Simulation
from insight.simulated_events import Story, Told

OPENS_AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
KINDS = (
    Kind(0.5, Need("service", Load.CHAT, "en"), "webchat", "order_status"),
    Kind(0.3, Need("returns", Load.CALL, "es"), "phone", "return_item"),
    Kind(0.2, Need("billing", Load.MAIL, "ru"), "email", "invoice_copy"),
)
ONE = Capacity(slots=1)
QUEUES = ("service", "returns", "billing")
UNTIDY = Habits(declined=0.1, transferred=0.1, reopened=0.1, surveyed=0.5, promises_wait=True)


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    segments: Sequence[Segment]
    told: Sequence[Told]


def simulated_day(
    seed: int, contacts: int = 60, *, agents: int = 2, habits: Habits = UNTIDY, first_id: int = 0
) -> SimulatedDay:
    """Four hours, with a bot that solves a third."""
    day = Day(OPENS_AT, 3600, (contacts / 4,) * 4)
    crowd = draw_crowd(day, KINDS, Conduct(handle_s=300, patience_s=240, containment=0.33), seed, counted=False)
    rings = {queue: (Ring(frozenset({"service"}), needs_language=False),) for queue in QUEUES}
    people = {
        number: Candidate(number, frozenset({"service"}), frozenset({"en", "es", "ru"}), frozenset(), False, ONE)
        for number in range(1, agents + 1)
    }
    story = Story(OPENS_AT, first_id)
    centre = Centre(rings, people, shifts((agents,) * 4, day.length_s), {"service": 60, "returns": 20, "billing": 600})
    simulation = Simulation(centre, crowd, habits, story, seed).run()
    return SimulatedDay(simulation.segments, tuple(story.told()))


async def write_events(sessions: Sessions, told: Iterable[Told]) -> None:
    rows = (
        {
            "at": each.at, "kind": each.event.kind.value, "actor": each.event.actor.name, "data": each.event.data,
            "conversation_id": each.event.conversation_id, "contact_id": each.event.contact_id,
        }
        for each in told
    )  # fmt: skip
    async with unit_of_work(sessions) as session:
        while some := list(islice(rows, 5_000)):
            await session.execute(insert(models.Event), some)
