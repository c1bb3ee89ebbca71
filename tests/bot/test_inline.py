"""Which turns run in the serving process, and which are left to the workers."""

from contextlib import ExitStack
from itertools import count

import pytest

from bot.inline import CALM, InlineTurns
from config.settings import TurnSettings
from crm_core.db import Sessions
from crm_core.jobs import ClaimedJob


async def never(_job: ClaimedJob) -> None:
    raise AssertionError("nothing is started here")


@pytest.fixture
def turns(sessions: Sessions) -> InlineTurns:
    """A second passes between any two messages: nothing is brisk."""
    return InlineTurns(sessions, never, TurnSettings(inline_limit=10), "serve:test", count(0.0).__next__)


async def test_while_many_arrive_their_turns_are_left_to_the_workers(turns: InlineTurns) -> None:
    with ExitStack() as storing:
        claims = [storing.enter_context(turns.arrival()) for _ in range(CALM + 2)]
    assert [claim is not None for claim in claims] == [True] * CALM + [False] * 2
    with turns.arrival() as claim:
        assert claim is not None, "calm again"


async def test_where_many_come_within_a_second_their_turns_are_left_to_the_workers(sessions: Sessions) -> None:
    """However quickly each of them is stored."""
    now = 0.0
    turns = InlineTurns(sessions, never, TurnSettings(inline_limit=1, inline_rate=6), "serve:test", lambda: now)
    brisk = []
    for _ in range(12):
        now += 0.9 / 6
        with turns.arrival() as claim:
            brisk.append(claim is None)
        if claim is not None:
            turns.forgo()
    assert brisk == [False] * 6 + [True] * 6
    now += 1
    with turns.arrival() as claim:
        assert claim is not None, "calm again"


async def test_no_more_run_at_once_than_the_limit(turns: InlineTurns) -> None:
    for _ in range(10):
        with turns.arrival() as claim:
            assert claim is not None
    with turns.arrival() as claim:
        assert claim is None
    turns.forgo()
    with turns.arrival() as claim:
        assert claim is not None


async def test_a_message_that_could_not_be_stored_takes_no_place(turns: InlineTurns) -> None:
    for _ in range(11):
        with pytest.raises(OSError, match="lost"), turns.arrival():
            raise OSError("lost")
    with turns.arrival() as claim:
        assert claim is not None
