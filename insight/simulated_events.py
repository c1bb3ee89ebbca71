"""What happens in a simulation, told in the events that the real thing writes: same kinds, same keys."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.contracts import Json, JsonObject
from crm_core.events import BOT, CONTACT, SYSTEM, Actor, Event, EventKind
from crm_core.routing_values import Assignment
from crm_core.waiting_time import Estimate
from insight.customers import Customer, microseconds

FIRST_REPLY, CUSTOMER_SAYS, SAYS_MORE, NEXT_REPLY, WRAP_UP = 0.05, 0.4, 0.45, 0.5, 0.85  # parts of the handling time
SURVEY_ANSWERED_US = microseconds(60)
RATED_BY = 3  # every third asked answers

Place = tuple[str, int]  # queue, and since when (microseconds)


@dataclass(frozen=True, slots=True)
class Told:
    """An event and its moment."""

    at: datetime
    event: Event


@dataclass(slots=True)
class Story:
    """Collects; `told()` gives everything in the order in which it happened. `first_id` keeps days apart."""

    opens_at: datetime
    first_id: int = 0
    _told: list[tuple[int, int, Event]] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)
    _estimates: dict[int, JsonObject] = field(default_factory=dict)

    def told(self) -> Iterator[Told]:
        for at_us, _, event in sorted(self._told, key=lambda each: each[:2]):
            yield Told(self.at(at_us), event)

    def at(self, at_us: int) -> datetime:
        return self.opens_at + timedelta(microseconds=at_us)

    def _tell(self, at_us: int, kind: EventKind, actor: Actor, about: Customer | None, **detail: Json) -> None:
        conversation_id = self.first_id + about.id if about else None
        contact_id = self.first_id + about.contact_id if about else None
        self._told.append((at_us, len(self._told), Event(kind, actor, conversation_id, contact_id, detail)))

    def agent_state(self, agent_id: int, now_us: int, state: str) -> None:
        self._tell(now_us, EventKind.AGENT_STATE_CHANGED, Actor.agent(agent_id), None, state=state)

    def _open(self, customer: Customer) -> None:
        at_us, kind = customer.at_us, customer.kind
        self._tell(at_us, EventKind.CONVERSATION_OPENED, CONTACT, customer, channel=kind.channel)
        self._tell(at_us, EventKind.MESSAGE_RECEIVED, CONTACT, customer, message_id=customer.id)
        self._tell(
            at_us, EventKind.INTENT_RECOGNISED, BOT, customer, message_id=customer.id, intent=kind.intent,
            confidence=0.9, zone="answer", language=kind.need.language, model="simulated",
        )  # fmt: skip

    def contained(self, customer: Customer) -> None:
        self._open(customer)
        ended_us = customer.at_us + customer.bot_us
        self._tell(customer.at_us, EventKind.BOT_REPLIED, BOT, customer, through=customer.id)
        self._tell(ended_us, EventKind.CLOSED, BOT, customer, disposition="bot_finished", agent_id=None)

    def queued(self, customer: Customer, entry: tuple[str, str], now_us: int, due_us: int) -> None:
        queue, how = entry
        if how == "handoff":
            self._open(customer)
            self._tell(
                now_us, EventKind.HANDOFF_REQUESTED, BOT, customer, reason="asked_for_person", queue=queue,
                intent=customer.kind.intent, urgent=False, upset=False, earlier_contacts=0,
            )  # fmt: skip
        need = customer.kind.need
        self._tell(
            now_us, EventKind.QUEUED, BOT, customer, queue=queue, load=need.load.value, language=need.language,
            due_at_s=self.at(due_us).timestamp(), entry=how,
        )  # fmt: skip

    def estimated(self, customer: Customer, queue: str, now_us: int, told: tuple[int, Estimate]) -> None:
        position, estimate = told
        promise: JsonObject = {"p50_s": round(estimate.p50_s, 1), "p80_s": round(estimate.p80_s, 1)}
        self._estimates[customer.id] = promise
        method = estimate.method.value
        self._tell(
            now_us, EventKind.WAIT_ESTIMATED, SYSTEM, customer, queue=queue, position=position, method=method, **promise
        )

    def offered(self, customer: Customer, place: Place, agent_id: int, now_us: int, assignment: Assignment) -> None:
        queue, since_us = place
        self._tell(
            now_us, EventKind.OFFERED, SYSTEM, customer, agent_id=agent_id, queue=queue,
            waited_s=(now_us - since_us) / 1e6, timeout_s=20, **assignment.reason.as_json(),
        )  # fmt: skip

    def declined(self, customer: Customer, queue: str, agent_id: int, now_us: int) -> None:
        self._tell(now_us, EventKind.DECLINED, SYSTEM, customer, agent_id=agent_id, queue=queue, how="timed_out")

    def served(self, customer: Customer, place: Place, agent_id: int, now_us: int) -> None:
        """Taken, answered, a question in between, and the wrap-up: all in one, since nothing can come between."""
        queue, since_us = place
        waited_s, promised = (now_us - since_us) / 1e6, self._estimates.pop(customer.id, {})
        agent = Actor.agent(agent_id)
        self._tell(
            now_us, EventKind.ASSIGNED, agent, customer, agent_id=agent_id, queue=queue,
            load=customer.kind.need.load.value, waited_s=waited_s, how="offer",
            promised_p50_s=promised.get("p50_s"), promised_p80_s=promised.get("p80_s"),
        )  # fmt: skip
        first_us, says_us, more_us, next_us = (
            now_us + int(part * customer.handle_us) for part in (FIRST_REPLY, CUSTOMER_SAYS, SAYS_MORE, NEXT_REPLY)
        )
        is_first = customer.id not in self._seen
        self._seen.add(customer.id)
        replied_s, answered_s = (first_us - since_us) / 1e6, (next_us - says_us) / 1e6
        self._tell(first_us, EventKind.AGENT_REPLIED, agent, customer, message_id=0, first=is_first, waited_s=replied_s)
        for at_us in (says_us, more_us):
            self._tell(at_us, EventKind.MESSAGE_RECEIVED, CONTACT, customer, message_id=0)
        self._tell(next_us, EventKind.AGENT_REPLIED, agent, customer, message_id=0, first=False, waited_s=answered_s)

    def abandoned(self, customer: Customer, place: Place, now_us: int) -> None:
        queue, since_us = place
        waited_s = (now_us - since_us) / 1e6
        load = customer.kind.need.load.value
        self._tell(now_us, EventKind.ABANDONED, SYSTEM, customer, queue=queue, load=load, waited_s=waited_s)

    def closed(self, customer: Customer, agent_id: int, now_us: int, *, is_surveyed: bool) -> None:
        agent = Actor.agent(agent_id)
        wrap_up_us = now_us - int((1 - WRAP_UP) * customer.handle_us)
        self._tell(wrap_up_us, EventKind.WRAP_UP_STARTED, agent, customer, agent_id=agent_id)
        self._tell(now_us, EventKind.CLOSED, agent, customer, disposition="resolved", agent_id=agent_id)
        if is_surveyed:
            self._tell(now_us, EventKind.SURVEY_SENT, SYSTEM, customer, survey="csat")
            if customer.id % RATED_BY == 0:
                self._tell(
                    now_us + SURVEY_ANSWERED_US, EventKind.SURVEY_ANSWERED, CONTACT, customer, survey="csat",
                    score=1 + customer.handle_us % 5, changed=False,
                )  # fmt: skip

    def returns(self, customer: Customer, way: tuple[str, str], agent_id: int, at_us: int, entry: str) -> None:
        """Handed to another line, or written again after the end; a `queued` follows either."""
        from_queue, to_queue = way
        if entry == "transfer":
            self._tell(
                at_us, EventKind.TRANSFERRED, Actor.agent(agent_id), customer, from_queue=from_queue, to_queue=to_queue
            )
        else:
            self._tell(at_us, EventKind.MESSAGE_RECEIVED, CONTACT, customer, message_id=0)
            self._tell(at_us, EventKind.REOPENED, CONTACT, customer, agent_id=agent_id)
