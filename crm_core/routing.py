"""Who is next and who takes it: least slack first, the fitting agent with fewest other skills, idle for longest.

An event costs the logarithm of how many wait and work, times the number of different needs and profiles. No clock, no
database: the queue and the simulator drive the same `Router`.
"""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heappop, heappush

from crm_core.free_agents import Bench, FreeAgents, Room, rooms_for
from crm_core.routing_values import Assignment, Candidate, Load, Reason, Ring, Waiting
from crm_core.waiting_lines import Line, LineKey

Timer = int | Line  # who waits, by id, or a line whose head's ring opens


class Router:
    """The index. `rings` by queue, the strictest first; a queue without rings is served by nobody."""

    def __init__(self, rings: Mapping[str, tuple[Ring, ...]]) -> None:
        self._rings = rings
        self._agents = FreeAgents()
        self._lines: dict[LineKey, Line] = {}
        self._lines_of: defaultdict[Bench, set[Line]] = defaultdict(set)
        self._kept_for: defaultdict[int, set[Line]] = defaultdict(set)
        self._line_of: dict[int, Line] = {}
        self._asleep: dict[int, Waiting] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._timer_count = 0
        self._open: set[Line] = set()

    def __contains__(self, waiting_id: int) -> bool:
        return waiting_id in self._line_of or waiting_id in self._asleep

    def __len__(self) -> int:
        return len(self._line_of) + len(self._asleep)

    def agent(self, agent_id: int) -> Candidate | None:
        return self._agents.by_id.get(agent_id)

    def add_waiting(self, waiting: Waiting) -> None:
        """Into the line; the same id again takes its new place."""
        self.remove_waiting(waiting.id)
        self._asleep[waiting.id] = waiting
        self._wake_at(waiting.not_before, waiting.id)

    def remove_waiting(self, waiting_id: int) -> None:
        """Taken by hand, closed or abandoned; an unknown id is fine."""
        self._asleep.pop(waiting_id, None)
        line = self._line_of.pop(waiting_id, None)
        if line is None:
            return
        del line.waiting[waiting_id]
        if not line.waiting:
            self._drop(line)

    def agent_changed(self, agent: Candidate) -> None:
        """New, come, gone, with more or less in hand: whatever the index knew of them is replaced."""
        known = len(self._agents.benches)
        bench = self._agents.put(agent)
        if len(self._agents.benches) > known:
            self._meet(bench)
        self._open |= self._lines_of[bench] | self._kept_for[agent.id]
        if not agent.present:
            self._stop_keeping(agent.id)

    def remove_agent(self, agent_id: int) -> None:
        self._agents.remove(agent_id)
        self._stop_keeping(agent_id)

    def released(self, agent_id: int, load: Load, now: float) -> None:
        """One contact has ended: its room is free again, and the agent idle from `now`."""
        agent = self._agents.by_id[agent_id]
        self.agent_changed(agent.with_more(load, -1, now))

    def next_assignments(self, now: float) -> list[Assignment]:
        """Everything that can be offered now, least slack first; taken out of line, into the agents' hands."""
        self._wake(now)
        found = []
        while (assignment := self._next(now)) is not None:
            self._take(assignment, now)
            found.append(assignment)
        return found

    def next_look_at(self) -> float | None:
        """When a callback, a ring or the end of a preference may allow something without any event."""
        return self._timers[0][0] if self._timers else None

    def _next(self, now: float) -> Assignment | None:
        if not self._open:
            return None
        heads = [(head.deadline, head.queued_at, head.id, line) for line in self._open if (head := line.head())]
        for *_, line in sorted(heads):
            assignment = self._match(line, now)
            if assignment is not None:
                return assignment
            self._open.discard(line)
        self._open.clear()
        return None

    def _match(self, line: Line, now: float) -> Assignment | None:
        """The head of the line and who takes it; None while nobody may, and then the next ring is awaited."""
        head = line.head()
        assert head is not None  # noqa: S101 - a line without anybody is dropped
        if line.key.only is not None:
            return self._kept(head, line.key.only, now)
        opened = line.rings_open(head.deadline - now)
        for room in rooms_for(head.need):
            found = self._best(line, opened, room)
            if found is not None:
                return self._assignment(head, found, room, now)
        self._await_ring(line, head, opened)
        return None

    def _best(self, line: Line, opened: int, room: Room) -> tuple[int, int, int] | None:
        """The agent, their ring, and how many could have taken it."""
        candidates, chosen = 0, None
        for match in line.matches:
            if match.ring >= opened:
                break
            ranks = []
            for bench in match.benches:
                shelf = bench.shelves[room]
                if not shelf.ranks:
                    continue
                candidates += len(shelf.ranks)
                if chosen is None and (rank := shelf.first(line.key.passed_by)) is not None:
                    ranks.append(rank)
            if ranks:
                chosen = (min(ranks)[2], match.ring)
        return None if chosen is None else (*chosen, candidates)

    def _kept(self, head: Waiting, agent_id: int, now: float) -> Assignment | None:
        rooms = (room for room in rooms_for(head.need) if self._agents.has_room(agent_id, room))
        room = next(rooms, None)
        return None if room is None else self._assignment(head, (agent_id, 0, 1), room, now)

    def _assignment(self, head: Waiting, found: tuple[int, int, int], room: Room, now: float) -> Assignment:
        agent_id, ring, candidates = found
        agent, need = self._agents.by_id[agent_id], head.need
        used = tuple(sorted(need.skills & {name for name, _ in agent.skills}))
        reason = Reason(
            head.deadline - now, used, need.language if need.language in agent.languages else None, ring,
            now - agent.idle_since, candidates, is_last_agent=agent_id == head.last_agent,
            interrupts=room in (Room.CALL, Room.URGENT_CHAT) and agent.holding.mails > 0,
        )  # fmt: skip
        return Assignment(head, agent_id, reason)

    def _take(self, assignment: Assignment, now: float) -> None:
        self.remove_waiting(assignment.waiting.id)
        agent = self._agents.by_id[assignment.agent_id]
        self._agents.put(agent.with_more(assignment.waiting.need.load, 1, now))

    # Lines and time.

    def _enter(self, waiting: Waiting, now: float) -> None:
        """Into its line, or first into that of its last agent, while they are here and may be waited for."""
        kept = self._is_kept(waiting, now)
        key = LineKey(waiting.need, waiting.passed_by, waiting.last_agent if kept else None)
        if kept:
            self._wake_at(waiting.prefer_until, waiting.id)
        line = self._lines.get(key) or self._start_line(key)
        line.put(waiting)
        self._line_of[waiting.id] = line
        self._open.add(line)

    def _is_kept(self, waiting: Waiting, now: float) -> bool:
        if waiting.last_agent is None or waiting.prefer_until <= now or waiting.last_agent in waiting.passed_by:
            return False
        agent = self._agents.by_id.get(waiting.last_agent)
        if agent is None or not agent.present:
            return False
        profile = self._agents.bench(agent).profile
        return any(profile.fits(waiting.need, ring) for ring in self._rings.get(waiting.need.queue, ()))

    def _start_line(self, key: LineKey) -> Line:
        line = Line(key, self._rings.get(key.need.queue, ()))
        self._lines[key] = line
        if key.only is not None:
            self._kept_for[key.only].add(line)
            return line
        line.know(self._agents)
        for bench in line.benches():
            self._lines_of[bench].add(line)
        return line

    def _drop(self, line: Line) -> None:
        del self._lines[line.key]
        self._open.discard(line)
        if line.key.only is not None:
            self._kept_for[line.key.only].discard(line)
        for bench in line.benches():
            self._lines_of[bench].discard(line)

    def _meet(self, bench: Bench) -> None:
        """A profile nobody had so far: every line must know it."""
        for line in self._lines.values():
            if line.key.only is None and line.fits(bench.profile):
                line.know(self._agents)
                self._lines_of[bench].add(line)

    def _stop_keeping(self, agent_id: int) -> None:
        """Who waited for this agent joins the others."""
        for line in list(self._kept_for[agent_id]):
            for waiting in list(line.waiting.values()):
                self.add_waiting(waiting)

    def _await_ring(self, line: Line, head: Waiting, opened: int) -> None:
        opens_at = line.next_opening(head.deadline, opened)
        if opens_at is not None and opens_at != line.opens_at:
            line.opens_at = opens_at
            self._wake_at(opens_at, line)

    def _wake_at(self, when: float, timer: Timer) -> None:
        self._timer_count += 1
        heappush(self._timers, (when, self._timer_count, timer))

    def _wake(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            timer = heappop(self._timers)[2]
            if isinstance(timer, Line):
                self._open.add(timer)
            elif timer in self._asleep:
                self._get_up(timer, now)
            elif timer in self._line_of:
                self._look_again(timer, now)

    def _get_up(self, waiting_id: int, now: float) -> None:
        if self._asleep[waiting_id].not_before <= now:
            self._enter(self._asleep.pop(waiting_id), now)

    def _look_again(self, waiting_id: int, now: float) -> None:
        """A preference may be over."""
        line = self._line_of[waiting_id]
        waiting = line.waiting[waiting_id]
        if line.key.only is not None and waiting.prefer_until <= now:
            self.remove_waiting(waiting_id)
            self._enter(waiting, now)
