"""Answers of the ERP, kept for a while: fresh ones to spare it, older ones for when it is down."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and the clock's reading when it came."""

    answer: object
    at: float


class AnswerCache:
    """At most `limit` answers; the least recently used one goes first."""

    def __init__(self, clock: Callable[[], float], limit: int) -> None:
        self._clock, self._limit = clock, limit
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._drops = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def drops(self) -> int:
        """Grows with every `drop`: who read before it must not put afterwards."""
        return self._drops

    def get(self, key: Hashable, age_limit_s: float) -> Kept | None:
        kept = self._kept.get(key)
        if kept is None or self._clock() - kept.at >= age_limit_s:
            return None
        self._kept.move_to_end(key)
        return kept

    def put(self, key: Hashable, answer: object, *, read_at_drop: int) -> None:
        if read_at_drop != self._drops:
            return
        self._kept[key] = Kept(answer, self._clock())
        self._kept.move_to_end(key)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def drop(self, concerned: Callable[[object], bool]) -> None:
        """Forget the answers that a write has made doubtful."""
        self._drops += 1
        for key in [key for key, kept in self._kept.items() if concerned(kept.answer)]:
            del self._kept[key]
