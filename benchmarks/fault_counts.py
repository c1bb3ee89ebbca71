"""What is counted in the database after a round of kills, whatever the channel."""

import time

from tests.support.stack import Stack


def count(stack: Stack, rows: str) -> int:
    """How many `rows` (what stands behind `from`)."""
    return int(str(stack.query(f"select count(*) from {rows}")[0][0]))


def stored(stack: Stack) -> int:
    return count(stack, "message where direction = 'in'")


def copies(stack: Stack) -> int:
    """Messages that are there more than once."""
    return stored(stack) - count(stack, "(select distinct inbox_id, external_id from message where direction = 'in') d")


def unanswered(stack: Stack) -> int:
    """Messages the bot owes an answer."""
    return count(
        stack, "message m join conversation c on c.id = m.conversation_id"
        " where m.direction = 'in' and m.id > c.answered_through and c.state = 'bot'"
    )  # fmt: skip


def delivered(stack: Stack, state: str) -> int:
    return count(stack, f"message where delivery = '{state}'")


def open_jobs(stack: Stack) -> int:
    return count(stack, "job where state = 'ready' and kind in ('turn', 'send')")


def settle(stack: Stack, patience_s: float) -> None:
    """Until no turn or send is open."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        time.sleep(0.5)
        if open_jobs(stack) == 0:
            return
