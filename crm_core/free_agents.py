"""An index of the agents who could take something more: a heap for each profile and kind of work."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from heapq import heapify, heappop, heappush

from crm_core.routing_values import Candidate, Load, Need, Ring

SPARE = 64  # stale entries a heap may carry before it is built anew


class Room(StrEnum):
    """For what an agent has room; URGENT_CHAT counts the mails as laid aside."""

    CALL = "call"
    CHAT = "chat"
    URGENT_CHAT = "urgent_chat"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Profile:
    """What agents with the same teams, languages and skills share."""

    teams: frozenset[str]
    languages: frozenset[str]
    skills: frozenset[tuple[str, int]]

    def fits(self, need: Need, ring: Ring) -> bool:
        if not self.teams & ring.teams:
            return False
        if ring.needs_language and need.language is not None and need.language not in self.languages:
            return False
        return not ring.needs_skills or need.skills <= {name for name, level in self.skills if level >= ring.level}

    def others(self, need: Need) -> int:
        """How many skills and languages the need would not use: who has few of them goes first."""
        unused = {name for name, _ in self.skills} - need.skills
        return len(unused) + len(self.languages - {need.language})


_ROOM_FOR = {load: (Room(load.value),) for load in Load}
NO_ROOM: frozenset[Room] = frozenset()


def rooms_for(need: Need) -> tuple[Room, ...]:
    if need.urgent and need.load is Load.CHAT:
        return (Room.CHAT, Room.URGENT_CHAT)
    return _ROOM_FOR[need.load]


def rooms_of(agent: Candidate) -> frozenset[Room]:
    """Nothing beside a call; no call beside a chat; mails give way to a call and to an urgent chat."""
    holding, capacity = agent.holding, agent.capacity
    if not agent.present or holding.calls:
        return NO_ROOM
    most_chats = capacity.slots if capacity.chats is None else capacity.chats
    most_mails = capacity.slots if capacity.mails is None else capacity.mails
    is_below = holding.chats + holding.mails < capacity.slots
    may_chat = holding.chats < most_chats
    return _rooms(
        capacity.calls > 0 and holding.chats == 0, may_chat and is_below,
        may_chat and holding.chats < capacity.slots, holding.mails < most_mails and is_below,
    )  # fmt: skip


@cache
def _rooms(*has: bool) -> frozenset[Room]:
    """In the order of Room."""
    return frozenset(room for room, is_there in zip(Room, has, strict=True) if is_there)


Rank = tuple[int, float, int]  # how much they hold, idle since, id: the least takes the next


@dataclass(slots=True)
class Shelf:
    """Who has room, of one profile, for one kind. Entries of the heap that `ranks` no longer names are stale."""

    ranks: dict[int, Rank] = field(default_factory=dict)
    heap: list[Rank] = field(default_factory=list)

    def put(self, agent_id: int, rank: Rank) -> None:
        self.ranks[agent_id] = rank
        heappush(self.heap, rank)
        if len(self.heap) > 2 * len(self.ranks) + SPARE:
            self.heap = list(self.ranks.values())
            heapify(self.heap)

    def first(self, excluded: frozenset[int]) -> Rank | None:
        """The best who is not excluded; costs a logarithm for each who is."""
        put_aside, found = [], None
        while self.heap and found is None:
            rank = self.heap[0]
            if self.ranks.get(rank[2]) != rank:
                heappop(self.heap)
            elif rank[2] in excluded:
                put_aside.append(heappop(self.heap))
            else:
                found = rank
        for rank in put_aside:
            heappush(self.heap, rank)
        return found


@dataclass(slots=True, eq=False)
class Bench:
    """The agents of one profile who have room, by kind."""

    profile: Profile
    shelves: dict[Room, Shelf] = field(default_factory=lambda: {room: Shelf() for room in Room})

    def put(self, agent: Candidate) -> None:
        rank = (agent.holding.total, agent.idle_since, agent.id)
        for room in rooms_of(agent):
            self.shelves[room].put(agent.id, rank)

    def remove(self, agent_id: int) -> None:
        for shelf in self.shelves.values():
            shelf.ranks.pop(agent_id, None)


class FreeAgents:
    """All agents by id, and their benches."""

    def __init__(self) -> None:
        self.by_id: dict[int, Candidate] = {}
        self.benches: dict[Profile, Bench] = {}
        self._bench_of: dict[int, Bench] = {}

    def bench(self, agent: Candidate) -> Bench:
        """Looked up by who it is while the profile is the same: comparing sets costs more than all the rest."""
        known = self._bench_of.get(agent.id)
        if known is not None and _is_of(agent, known.profile):
            return known
        profile = Profile(agent.teams, agent.languages, agent.skills)
        found = self.benches.get(profile)
        if found is None:
            found = self.benches[profile] = Bench(profile)
        return found

    def put(self, agent: Candidate) -> Bench:
        self.remove(agent.id)
        self.by_id[agent.id] = agent
        bench = self._bench_of[agent.id] = self.bench(agent)
        bench.put(agent)
        return bench

    def remove(self, agent_id: int) -> None:
        if self.by_id.pop(agent_id, None) is not None:
            self._bench_of[agent_id].remove(agent_id)

    def has_room(self, agent_id: int, room: Room) -> bool:
        agent = self.by_id.get(agent_id)
        return agent is not None and room in rooms_of(agent)


def _is_of(agent: Candidate, profile: Profile) -> bool:
    """Whether these are the very sets."""
    return agent.teams is profile.teams and agent.languages is profile.languages and agent.skills is profile.skills
