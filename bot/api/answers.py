"""What the API answers: the agreed form, apart from our own dataclasses, so that those may change."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")
Scalar = bool | int | float | str | None
Detail = Scalar | list[Scalar]


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Page(Answer, Generic[Item]):
    """`next` is the cursor of the next page; null on the last one."""

    items: list[Item]
    next: int | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """As the documents call it: ContactPage."""
        return f"{params[0].__name__}Page"


class Address(Answer):
    uri: str
    verified_at: datetime | None
    verified_how: str | None
    unreachable_why: str | None


class Contact(Answer):
    """`customer_ref` is their id in the ERP, once they have proven it."""

    id: int
    name: str | None
    language: str | None
    time_zone: str | None
    customer_ref: str | None
    created_at: datetime
    addresses: list[Address]


class Changed(Answer):
    """What was written. The address in `url` has all of it."""

    id: int
    url: str


class Conversation(Answer):
    """`due_at` is the promised first reply; `rating` the customer's verdict, 1 to 5."""

    id: int
    contact_id: int
    channel: str
    inbox: str
    state: str
    queue: str | None
    agent_id: int | None
    language: str | None
    intent: str | None
    subject: str | None
    opened_at: datetime
    last_message_at: datetime
    queued_at: datetime | None
    due_at: datetime | None
    first_replied_at: datetime | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    disposition: str | None
    rating: int | None


class ConversationState(Answer):
    """A conversation after a change."""

    id: int
    state: str
    queue: str | None
    agent_id: int | None


class File(Answer):
    """Whoever has `url` can fetch the file."""

    name: str
    content_type: str
    size: int
    url: str


class Message(Answer):
    """`visibility` is public, internal (a note) or whisper; the latter two need scopes of their own."""

    id: int
    at: datetime
    direction: str
    author: str
    agent_id: int | None
    visibility: str
    text: str
    language: str | None
    delivery: str | None
    delivery_code: str | None
    files: list[File]


class Event(Answer):
    """Something that happened. `detail` holds ids, keys and numbers, never what people wrote."""

    id: int
    at: datetime
    kind: str
    actor: str
    conversation_id: int | None
    contact_id: int | None
    detail: dict[str, Detail]


class EventPage(Answer):
    """Ask again with `next` as `after`; no event before it is still to come."""

    items: list[Event]
    next: int
    more: bool


class Amount(Answer):
    amount: Decimal
    currency: str


class OrderLine(Answer):
    sku: str | None
    description: str
    ordered: Decimal
    shipped: Decimal
    remaining: Decimal
    promised_on: date | None


class Shipment(Answer):
    number: str
    status: str
    shipped_on: date | None
    expected_on: date | None
    delivered_on: date | None
    carrier: str | None
    tracking: str | None
    tracking_url: str | None


class Order(Answer):
    """As the ERP had it at `fetched_at`; `stale` when it could not be asked again."""

    number: str
    customer_ref: str | None
    state: str
    payment: str
    total: Amount | None
    ordered_on: date | None
    promised_on: date | None
    lines: list[OrderLine]
    shipments: list[Shipment]
    fetched_at: datetime
    stale: bool


class Orders(Answer):
    items: list[Order]


class Queue(Answer):
    """`oldest_s` is how long the first in line has waited, `late` how many are past their promise."""

    key: str
    name: dict[str, str]
    teams: list[str]
    waiting: int
    oldest_s: float | None
    late: int


class Queues(Answer):
    items: list[Queue]


class Agent(Answer):
    """`open` is how many conversations they hold, of the `capacity` that they can."""

    id: int
    name: str
    role: str
    teams: list[str]
    state: str
    capacity: int
    open: int


class Agents(Answer):
    items: list[Agent]


class Figure(Answer):
    """`low` and `high` are the 95 % interval, `n` what it rests on, `pending` what is still undecided."""

    key: str
    unit: str
    value: float | None
    n: int
    low: float | None
    high: float | None
    pending: int


class Report(Answer):
    """The figures of the period, of as many whole weeks before, and of each value of what was asked for in `by`."""

    since: datetime
    until: datetime
    figures: list[Figure]
    before: list[Figure]
    groups: dict[str, list[Figure]]


class ExportedConversation(Answer):
    conversation: Conversation
    messages: list[Message]
