"""An index of who waits: a heap for each need, those with the earliest deadline first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from crm_core.free_agents import SPARE, Bench, FreeAgents, Profile
from crm_core.routing_values import Need, Ring, Waiting

ROUNDING_S = 1e-3  # a timer set for the very moment must find the ring open


@dataclass(frozen=True, slots=True)
class LineKey:
    """Those in one line may be served by the same agents. `only`: the last agent, while they are preferred."""

    need: Need
    passed_by: frozenset[int] = frozenset()
    only: int | None = None


Place = tuple[float, float, int]  # deadline, queued at, id


@dataclass(frozen=True, slots=True)
class Match:
    """Agents who are equally apt: in `ring` at the earliest, with `others` skills that the need does not use."""

    ring: int
    others: int
    benches: tuple[Bench, ...]


@dataclass(slots=True, eq=False)
class Line:
    """`opens_at`: when the head's next ring opens, if that is awaited already."""

    key: LineKey
    rings: tuple[Ring, ...]
    matches: tuple[Match, ...] = ()
    waiting: dict[int, Waiting] = field(default_factory=dict)
    heap: list[Place] = field(default_factory=list)
    opens_at: float | None = None

    def put(self, waiting: Waiting) -> None:
        self.waiting[waiting.id] = waiting
        heappush(self.heap, _place(waiting))
        if len(self.heap) > 2 * len(self.waiting) + SPARE:
            self.heap = [_place(each) for each in self.waiting.values()]
            heapify(self.heap)

    def head(self) -> Waiting | None:
        while self.heap:
            found = self.waiting.get(self.heap[0][2])
            if found is not None and _place(found) == self.heap[0]:
                return found
            heappop(self.heap)
        return None

    def rings_open(self, slack_s: float) -> int:
        """How many rings the slack has opened, from the strictest on."""
        return sum(1 for ring in self.rings if slack_s <= ring.slack_s + ROUNDING_S)

    def next_opening(self, deadline: float, opened: int) -> float | None:
        return deadline - self.rings[opened].slack_s if opened < len(self.rings) else None

    def fits(self, profile: Profile) -> bool:
        return any(profile.fits(self.key.need, ring) for ring in self.rings)

    def know(self, agents: FreeAgents) -> None:
        """Order the profiles by how apt they are; done anew when a profile appears."""
        found: dict[tuple[int, int], list[Bench]] = {}
        for profile, bench in agents.benches.items():
            ring = next((number for number, ring in enumerate(self.rings) if profile.fits(self.key.need, ring)), None)
            if ring is not None:
                found.setdefault((ring, profile.others(self.key.need)), []).append(bench)
        self.matches = tuple(Match(*rank, tuple(benches)) for rank, benches in sorted(found.items()))

    def benches(self) -> Iterator[Bench]:
        for match in self.matches:
            yield from match.benches


def _place(waiting: Waiting) -> Place:
    return (waiting.deadline, waiting.queued_at, waiting.id)
