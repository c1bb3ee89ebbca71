"""Mail while the worker is killed again and again: what Postfix took must be stored, and answered once."""

import random
import tempfile
import threading
import time
from pathlib import Path

from tests.support.mail_desk import INBOUND, letter, mail_desk
from tests.support.mail_stack import DESK, MailStack, missing, running_mail_stack
from tests.support.stack import Stack

KILL_EVERY_S, RATE_PER_S, SETTLE_S, SEED = 4.0, 5.0, 90.0, 7
QUESTIONS = ("When are you open?", "¿Cuál es el horario?", "Когда вы работаете?")


def customers(mail: MailStack, seconds: float) -> set[str]:
    """Half of the mail is fetched by IMAP, half comes by LMTP; each customer writes once."""
    chooser, sent, started = random.Random(SEED), set[str](), time.monotonic()
    for number in range(int(seconds * RATE_PER_S)):
        time.sleep(max(0.0, started + number / RATE_PER_S - time.monotonic()))
        to, sender = (DESK, INBOUND)[number % 2], f"c{number}@example.com"
        made = letter(chooser.choice(QUESTIONS), f"Question {number}", sender=sender, to=to)
        mail.send(made.as_bytes(), sender=sender, to=to)
        sent.add(str(made["Message-ID"]))
    return sent


def kill_again_and_again(stack: Stack, done: threading.Event, kills: list[int]) -> None:
    while not done.wait(KILL_EVERY_S):
        stack.kill("worker")
        stack.start("worker")
        kills.append(1)


def settle(mail: MailStack, stack: Stack, expected: int) -> None:
    until = time.monotonic() + SETTLE_S
    while time.monotonic() < until:
        mail.flush()
        stored = stack.query("select count(*) from message where direction = 'in'")[0][0]
        open_jobs = stack.query("select count(*) from job where state = 'ready' and kind in ('turn', 'send')")[0][0]
        if stored == expected and open_jobs == 0:
            return
        time.sleep(1)


def figures(stack: Stack, sent: set[str], kills: int) -> dict[str, int]:
    stored = [str(row[0]) for row in stack.query(
        "select split_part(external_id, '#', 1) from message where direction = 'in'"
    )]  # fmt: skip
    answered = stack.query(
        "select count(distinct m.id) from message m join conversation c on c.id = m.conversation_id"
        " where m.direction = 'in' and m.id <= c.answered_through"
    )[0][0]
    twice = stack.query(
        "select coalesce(sum(n - 1), 0) from (select count(*) n from message where direction = 'out'"
        " group by conversation_id having count(*) > 1) d"
    )[0][0]
    parked = stack.query("select count(*) from message where delivery = 'in_doubt'")[0][0]
    return {
        "acked": len(sent), "lost": len(sent - set(stored)), "unanswered": len(stored) - int(str(answered)),
        "duplicates": len(stored) - len(set(stored)) + int(str(twice)), "parked": int(str(parked)), "kills": kills,
    }  # fmt: skip


def mail_round(seconds: float) -> dict[str, int]:
    if why := missing():
        raise SystemExit(f"no mail servers: {why}")
    done, kills = threading.Event(), list[int]()
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as directory, running_mail_stack() as mail:
        stack = mail_desk(Path(directory) / "var", mail)
        try:
            stack.start("worker")
            time.sleep(3)
            killing = threading.Thread(target=kill_again_and_again, args=(stack, done, kills))
            killing.start()
            sent = customers(mail, seconds)
            done.set()
            killing.join()
            settle(mail, stack, len(sent))
            return figures(stack, sent, len(kills))
        finally:
            done.set()
            stack.stop()
