"""How work finds people: waiting lines, opening hours and promises; `queues.yml`, `hours.yml`, `sla.yml`."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from config.words import Key, LanguageCode, Seconds, Strict, TimeZone, Translated


class Overflow(Strict):
    """Help for a line: other `teams` once the slack is down to `slack_s`; another `queue` when it is too long."""

    teams: list[Key] = []
    slack_s: int = 0
    queue: Key | None = None
    longer_than: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.queue is None) != (self.longer_than is None):
            raise ValueError("`queue` and `longer_than` stand together: where to go, and when the line is too long")
        return self


class AfterHours(StrEnum):
    """Who comes outside the hours is offered to whoever happens to be here, or held until the opening."""

    OFFER = "offer"
    HOLD = "hold"


class Queue(Strict):
    """One waiting line: who is served here, by which teams, and what an agent must know.

    `relax_…_at_slack_s`: from how few seconds before the deadline others may serve as well; null is never.
    """

    key: Key
    name: Translated
    teams: Annotated[list[Key], Field(min_length=1)]
    intents: list[Key] = []
    skills: list[Key] = []
    intent_skills: dict[Key, Key] = {}
    skill_level: Annotated[int, Field(ge=1, le=5)] = 1
    languages: list[LanguageCode] = ["en", "ru", "es"]
    relax_skills_at_slack_s: int | None = 60
    relax_language_at_slack_s: int | None = None
    offer_timeout_s: Seconds = 30
    last_agent_s: Annotated[int, Field(ge=0)] = 45
    overflow: Overflow = Overflow()
    after_hours: AfterHours = AfterHours.OFFER
    hours: Key | None = None
    sla: Key | None = None


class Queues(Strict):
    """`queues.yml`; the first queue takes what no other names."""

    queues: Annotated[list[Queue], Field(min_length=1)]

    @model_validator(mode="after")
    def _known(self) -> Self:
        keys = [queue.key for queue in self.queues]
        for queue in self.queues:
            if keys.count(queue.key) > 1:
                raise ValueError(f"the queue “{queue.key}” stands twice")
            if queue.overflow.queue is not None and queue.overflow.queue not in keys:
                raise ValueError(f"“{queue.key}” overflows into “{queue.overflow.queue}”, which is no queue")
        return self


class Window(Strict):
    """Open from `start` to `end` on these days (0 is Monday); an end not after the start is on the next day."""

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1)]
    start: time
    end: time


class Calendar(Strict):
    """When people are here. `holidays_file` is an iCalendar file beside `hours.yml`."""

    key: Key = "main"
    time_zone: TimeZone | None = None
    windows: list[Window]
    closed_on: list[date] = []
    holidays_file: str | None = None


class Hours(Strict):
    """`hours.yml`; the first calendar is the company's."""

    calendars: Annotated[list[Calendar], Field(min_length=1)]

    @property
    def main(self) -> Calendar:
        return self.calendars[0]


class PromiseTime(StrEnum):
    BUSINESS = "business"
    CALENDAR = "calendar"


class Promise(Strict):
    """Within how many seconds, by kind of contact; one that is left out is not promised."""

    call_s: Seconds | None = None
    chat_s: Seconds | None = None
    mail_s: Seconds | None = None
    time: PromiseTime = PromiseTime.BUSINESS


class Policy(Strict):
    """What customers are promised. `warn_at`: at which part of the time; `escalate_to`: the queue of a broken one."""

    key: Key
    first_response: Promise
    next_response: Promise = Promise()
    resolution: Promise = Promise()
    warn_at: Annotated[float, Field(gt=0, lt=1)] = 0.8
    escalate_to: Key | None = None


class Policies(Strict):
    """`sla.yml`; the first policy is that of a queue which names none."""

    policies: Annotated[list[Policy], Field(min_length=1)]
