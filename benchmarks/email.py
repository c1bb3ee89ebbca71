"""From a customer's mail to its place in the database, over Postfix, Dovecot and IMAP IDLE: delays and losses.

`idle_*`: until the mail is stored and its turn is due; `answered_*`: until the bot's answer is written.
"""

import argparse
import tempfile
import time
from datetime import datetime
from pathlib import Path

from benchmarks.report import percentile, tell
from tests.support.mail_desk import letter, mail_desk
from tests.support.mail_stack import MailStack, missing, running_mail_stack
from tests.support.stack import Stack

SEED = 7
PAUSE_S, SETTLE_S = 0.4, 30.0
QUESTIONS = ("When are you open?", "¿Cuál es el horario?", "Когда вы работаете?")
_STORED = """
select split_part(m.external_id, '#', 1), m.created_at,
       (select min(e.at) from event e where e.kind = 'bot_replied' and e.conversation_id = m.conversation_id)
from message m where m.direction = 'in'
"""


def run(mail: MailStack, stack: Stack, count: int) -> dict[str, object]:
    sent: dict[str, float] = {}
    for number in range(count):
        made = letter(QUESTIONS[number % 3], f"Question {number}", sender=f"customer{number}@customer.test")
        sent[str(made["Message-ID"])] = time.time()
        mail.send(made.as_bytes(), sender=f"customer{number}@customer.test")
        time.sleep(PAUSE_S)
    until = time.monotonic() + SETTLE_S
    while len(found := stored(stack)) < count and time.monotonic() < until:
        time.sleep(0.5)
    time.sleep(2)
    found = stored(stack)
    idle = [at.timestamp() - sent[key] for key, (at, _) in found.items()]
    answered = [at.timestamp() - sent[key] for key, (_, at) in found.items() if at is not None]
    return {
        "idle_p50_s": round(percentile(idle, 0.5), 3), "idle_p99_s": round(percentile(idle, 0.99), 3),
        "answered_p50_s": round(percentile(answered, 0.5), 3), "mails": count, "lost": len(sent.keys() - found.keys()),
        "unanswered": count - len(answered),
    }  # fmt: skip


def stored(stack: Stack) -> dict[str, tuple[datetime, datetime | None]]:
    return {str(key): (at, replied) for key, at, replied in stack.query(_STORED)}  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    count = 30 if parser.parse_args().quick else 100
    if why := missing():
        raise SystemExit(f"no mail servers: {why}")
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as directory, running_mail_stack() as mail:
        stack = mail_desk(Path(directory) / "var", mail)
        try:
            stack.start("serve", "worker")
            time.sleep(3)
            figures = run(mail, stack, count)
        finally:
            stack.stop()
    tell(figures, n=count, seed=SEED)


if __name__ == "__main__":
    main()
