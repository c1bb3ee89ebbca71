"""A day of the contact centre, event by event: the real router decides who takes whom, and real events tell of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random

from crm_core.routing import Router
from crm_core.routing_values import Assignment, Candidate, Ring, Waiting
from crm_core.sla import deadline
from insight.customers import Crowd, Customer, microseconds
from insight.promiser import Promiser
from insight.roster import HOUR_S, Shift
from insight.simulated_events import Story

MICRO = 1e-6
CALLBACK = "callback"
MOST_DECLINES = 3  # then the line forgets who declined, so that nobody is stranded


class Step(IntEnum):
    """What the heap holds; at the same moment in this order, so that who leaves is no longer served."""

    SHIFT_STARTS = 0
    DONE = 1
    LEAVES = 2
    OFFER_LAPSES = 3
    ENTERS = 4
    SHIFT_ENDS = 5


@dataclass(frozen=True, slots=True)
class Centre:
    """Who may serve whom, who works when, and the promised seconds of each queue."""

    rings: Mapping[str, tuple[Ring, ...]]
    agents: Mapping[int, Candidate]
    shifts: Sequence[Shift]
    promise_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of what makes real days untidy."""

    declined: float = 0.0
    transferred: float = 0.0
    reopened: float = 0.0
    surveyed: float = 0.0
    offer_us: int = 20_000_000
    reopens_after_us: int = 900_000_000
    promises_wait: bool = False
    called_back: float = 0.0
    callback_us: tuple[int, ...] = ()  # for who comes in each hour of the day: when they are called


@dataclass(slots=True, eq=False)
class Segment:
    """One time in line: the truth that reports must give back."""

    customer: Customer
    queue: str
    queued_us: int
    entry: str = "handoff"
    answered_us: int | None = None
    left_us: int | None = None
    agent_id: int | None = None
    ended_us: int | None = None
    offered_to: int | None = None
    passed_by: frozenset[int] = frozenset()
    p80_us: int | None = None
    is_put_off: bool = False  # gave the place up for a callback

    @property
    def is_waiting(self) -> bool:
        return self.answered_us is None and self.left_us is None and not self.is_put_off


class Simulation:
    """One run. With a `story` every step is told as events; without, it only keeps the truth."""

    def __init__(self, centre: Centre, crowd: Crowd, habits: Habits, story: Story | None = None, seed: int = 0) -> None:
        self._centre, self._crowd, self._habits, self._story = centre, crowd, habits, story
        self._router = Router(centre.rings)
        self._random = Random(seed)  # noqa: S311 - a simulation
        self._deeds: Mapping[Step, Callable[[Segment, int], None]] = {
            Step.DONE: self._done, Step.LEAVES: self._leave, Step.OFFER_LAPSES: self._lapse, Step.ENTERS: self._enter,
        }  # fmt: skip
        self._numbers = count()
        self._heap = [self._entry(*step) for step in self._first_steps()]
        self._line: dict[int, Segment] = {}  # by id of the conversation
        self._promiser = Promiser()
        self._entered: list[Segment] = []
        self.segments: list[Segment] = []

    def _first_steps(self) -> list[tuple[int, Step, object]]:
        steps: list[tuple[int, Step, object]] = []
        for shift in self._centre.shifts:
            steps.append((microseconds(shift.start_s), Step.SHIFT_STARTS, shift.agent_id))
            steps.append((microseconds(shift.end_s), Step.SHIFT_ENDS, shift.agent_id))
        for customer in self._crowd.customers:
            if customer.is_contained:
                self._tell_contained(customer)
            else:
                steps.append((customer.at_us + customer.bot_us, Step.ENTERS, customer))
        return steps

    def _tell_contained(self, customer: Customer) -> None:
        if self._story:
            self._story.contained(customer)

    def _entry(self, at_us: int, step: Step, what: object) -> tuple[int, Step, int, object]:
        return at_us, step, next(self._numbers), what

    def _plan(self, at_us: int, step: Step, what: object) -> None:
        heappush(self._heap, self._entry(at_us, step, what))

    def run(self) -> "Simulation":
        heapify(self._heap)
        while self._heap:
            now_us = self._heap[0][0]
            look_at = self._router.next_look_at()
            if look_at is not None and look_at < now_us * MICRO:
                now_us = max(microseconds(look_at), 0)
            while self._heap and self._heap[0][0] <= now_us:
                _, step, _, what = heappop(self._heap)
                self._take(step, what, now_us)
            for assignment in self._router.next_assignments(now_us * MICRO):
                self._offer(assignment, now_us)
            self._promise(now_us)
            self._offer_callbacks(now_us)
            self._entered.clear()
        return self

    def _promise(self, now_us: int) -> None:
        """Whoever came just now and was not taken at once is told how long it may be."""
        for segment in self._entered if self._habits.promises_wait else ():
            told = self._promiser.estimate(len(self._line)) if segment.customer.id in self._line else None
            if told is not None and self._story:
                segment.p80_us = microseconds(told.p80_s)
                self._story.estimated(segment.customer, segment.queue, now_us, (len(self._line), told))

    def _offer_callbacks(self, now_us: int) -> None:
        """Whoever came just now and was not taken at once may choose to be called in a quieter hour."""
        times = self._habits.callback_us
        for segment in self._entered if times else ():
            at_us = times[min(int(now_us * MICRO / HOUR_S), len(times) - 1)]
            may = segment.entry != CALLBACK and segment.customer.id in self._line and at_us > now_us
            if may and self._happens(self._habits.called_back):
                segment.is_put_off = True
                del self._line[segment.customer.id]
                self._router.remove_waiting(segment.customer.id)
                self._plan(at_us, Step.ENTERS, Segment(segment.customer, segment.queue, at_us, CALLBACK))

    def _take(self, step: Step, what: object, now_us: int) -> None:
        if isinstance(what, int):
            self._shift(what, now_us, starts=step is Step.SHIFT_STARTS)
        elif isinstance(what, Customer):
            self._enter(Segment(what, what.kind.need.queue, now_us), now_us)
        elif isinstance(what, Segment):
            self._deeds[step](what, now_us)

    def _shift(self, agent_id: int, now_us: int, *, starts: bool) -> None:
        """Whoever is busy at the end of a shift finishes what they hold."""
        known = self._router.agent(agent_id) or self._centre.agents[agent_id]
        self._router.agent_changed(replace(known, present=starts, idle_since=now_us * MICRO))
        self._promiser.present += 1 if starts else -1
        if self._story:
            self._story.agent_state(agent_id, now_us, "available" if starts else "offline")

    def _enter(self, segment: Segment, now_us: int) -> None:
        self.segments.append(segment)
        self._line[segment.customer.id] = segment
        self._entered.append(segment)
        if segment.entry != CALLBACK:
            self._plan(now_us + segment.customer.patience_us, Step.LEAVES, segment)
        due_s = self._wait_in_line(segment)
        if self._story:
            self._story.queued(segment.customer, (segment.queue, segment.entry), now_us, microseconds(due_s))

    def _wait_in_line(self, segment: Segment) -> float:
        """Gives the deadline in seconds."""
        own = segment.customer.kind.need
        need = own if own.queue == segment.queue else replace(own, queue=segment.queue)
        since_s = segment.queued_us * MICRO
        due_s = deadline(since_s, self._centre.promise_s.get(segment.queue, 0.0))
        self._router.add_waiting(Waiting(segment.customer.id, need, due_s, since_s, passed_by=segment.passed_by))
        return due_s

    def _offer(self, assignment: Assignment, now_us: int) -> None:
        segment, agent_id = self._line[assignment.waiting.id], assignment.agent_id
        if self._story:
            self._story.offered(segment.customer, (segment.queue, segment.queued_us), agent_id, now_us, assignment)
        if self._happens(self._habits.declined):
            segment.offered_to = agent_id
            self._plan(now_us + self._habits.offer_us, Step.OFFER_LAPSES, segment)
        else:
            self._serve(segment, agent_id, now_us)

    def _serve(self, segment: Segment, agent_id: int, now_us: int) -> None:
        del self._line[segment.customer.id]
        segment.answered_us, segment.agent_id = now_us, agent_id
        segment.ended_us = now_us + segment.customer.handle_us
        self._promiser.answered(now_us - segment.queued_us, segment.customer.handle_us)
        self._plan(segment.ended_us, Step.DONE, segment)
        if self._story:
            self._story.served(segment.customer, (segment.queue, segment.queued_us), agent_id, now_us)

    def _lapse(self, segment: Segment, now_us: int) -> None:
        agent_id = segment.offered_to
        if agent_id is None or not segment.is_waiting:
            return
        segment.offered_to = None
        passed_by = segment.passed_by | {agent_id}
        segment.passed_by = passed_by if len(passed_by) < MOST_DECLINES else frozenset()
        self._router.released(agent_id, segment.customer.kind.need.load, now_us * MICRO)
        self._wait_in_line(segment)
        if self._story:
            self._story.declined(segment.customer, segment.queue, agent_id, now_us)

    def _leave(self, segment: Segment, now_us: int) -> None:
        if not segment.is_waiting:
            return
        segment.left_us = now_us
        self._promiser.left(now_us - segment.queued_us)
        del self._line[segment.customer.id]
        self._router.remove_waiting(segment.customer.id)
        if segment.offered_to is not None:
            self._router.released(segment.offered_to, segment.customer.kind.need.load, now_us * MICRO)
        if self._story:
            self._story.abandoned(segment.customer, (segment.queue, segment.queued_us), now_us)

    def _done(self, segment: Segment, now_us: int) -> None:
        agent_id, customer = segment.agent_id, segment.customer
        assert agent_id is not None  # noqa: S101 - who is done was served
        self._router.released(agent_id, customer.kind.need.load, now_us * MICRO)
        if self._happens(self._habits.transferred):
            self._again(segment, now_us, "transfer")
            return
        if self._story:
            self._story.closed(customer, agent_id, now_us, is_surveyed=self._happens(self._habits.surveyed))
        if self._happens(self._habits.reopened):
            self._again(segment, now_us + self._habits.reopens_after_us, "reopen")

    def _again(self, segment: Segment, at_us: int, entry: str) -> None:
        """The same conversation, once more in line: somebody else's, or after it was closed."""
        queue = self._random.choice(sorted(self._centre.rings)) if entry == "transfer" else segment.queue
        if self._story and segment.agent_id is not None:
            self._story.returns(segment.customer, (segment.queue, queue), segment.agent_id, at_us, entry)
        self._plan(at_us, Step.ENTERS, Segment(segment.customer, queue, at_us, entry))

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
