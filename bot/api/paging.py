"""One page of a list: what was read beyond its end says that there is another."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from bot.api.answers import Answer, Page


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


Shown = TypeVar("Shown", bound=Answer)


def page_of(kind: type[Shown], found: Sequence[Numbered], limit: int) -> Page[Shown]:
    """Of up to one more than `limit`."""
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    return Page[Shown](items=[kind.model_validate(one) for one in shown], next=following)
