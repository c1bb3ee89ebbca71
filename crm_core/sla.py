"""Promises and their clocks: when something is due, in business or calendar time, with pauses; who is next by it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from config.routing_files import Policy, Promise, PromiseTime
from crm_core.hours import BusinessHours
from crm_core.routing_values import Load

NEAREST_PART = 0.25  # value and risk never pull a deadline nearer than this part of the promise


class ClockKind(StrEnum):
    """First response: queued until a person replies. Next response: the customer writes until a person replies.
    Resolution: opened until closed, without the time in which the customer is waited for.
    """

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class Timepiece(Protocol):
    """What counts the seconds of a promise."""

    def seconds_between(self, start: datetime, end: datetime) -> float: ...
    def add(self, start: datetime, seconds: float) -> datetime: ...


class CalendarTime:
    """Every second counts."""

    def seconds_between(self, start: datetime, end: datetime) -> float:
        return (end - start).total_seconds()

    def add(self, start: datetime, seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)


CALENDAR_TIME = CalendarTime()


@dataclass(frozen=True, slots=True)
class Target:
    """A promise for one kind of contact, with what counts its time."""

    seconds: int
    time: Timepiece
    warn_at: float = 0.8


def promise_of(policy: Policy, kind: ClockKind) -> Promise:
    return {
        ClockKind.FIRST_RESPONSE: policy.first_response,
        ClockKind.NEXT_RESPONSE: policy.next_response,
        ClockKind.RESOLUTION: policy.resolution,
    }[kind]


def target_of(policy: Policy, kind: ClockKind, load: Load, hours: BusinessHours) -> Target | None:
    """None where nothing is promised."""
    promise = promise_of(policy, kind)
    seconds = {Load.CALL: promise.call_s, Load.CHAT: promise.chat_s, Load.MAIL: promise.mail_s}[load]
    if seconds is None:
        return None
    return Target(seconds, hours if promise.time is PromiseTime.BUSINESS else CALENDAR_TIME, policy.warn_at)


@dataclass(frozen=True, slots=True)
class Clock:
    """A running promise. `running_since` is None while it is paused; `spent_s` is what earlier runs used up."""

    running_since: datetime | None
    spent_s: float = 0.0

    def used_s(self, target: Target, now: datetime) -> float:
        if self.running_since is None:
            return self.spent_s
        return self.spent_s + target.time.seconds_between(self.running_since, now)

    def due_at(self, target: Target) -> datetime | None:
        """None while paused."""
        return self._reached(target, target.seconds)

    def warn_at(self, target: Target) -> datetime | None:
        return self._reached(target, target.seconds * target.warn_at)

    def _reached(self, target: Target, seconds: float) -> datetime | None:
        if self.running_since is None:
            return None
        return target.time.add(self.running_since, max(seconds - self.spent_s, 0.0))

    def pause(self, target: Target, now: datetime) -> "Clock":
        return replace(self, running_since=None, spent_s=self.used_s(target, now))

    def resume(self, now: datetime) -> "Clock":
        return self if self.running_since is not None else replace(self, running_since=now)


@dataclass(frozen=True, slots=True)
class Standing:
    """How much it matters, each from 0 to 1: what the customer is worth, and how likely they are to leave."""

    value: float = 0.0
    churn_risk: float = 0.0


def deadline(queued_at: float, promise_s: float, value: float = 0.0, churn_risk: float = 0.0) -> float:
    """By when routing wants them served, in the unit of `queued_at` (seconds).

    Value and risk pull it nearer together, down to a quarter of the promise; so nobody waits behind those who come
    later than their own deadline, and nothing starves.
    """
    pull = 1.0 - (1.0 - _part(value)) * (1.0 - _part(churn_risk))
    return queued_at + promise_s * (1.0 - (1.0 - NEAREST_PART) * pull)


def _part(number: float) -> float:
    return min(max(number, 0.0), 1.0)
