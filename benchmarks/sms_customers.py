"""Customers who text while everything of ours is killed; Twilio's side survives and keeps what it took.

The double takes messages and lists them as Twilio's description says; it is slow enough that kills hit it mid-call.
"""

import asyncio
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from benchmarks import fault_counts
from benchmarks.lines import Lines, lines
from channels.sender import parts_of
from channels.twilio_messages import MOST_CHARACTERS
from config.inboxes import SmsInbox
from crm_core.contracts import Address, AddressKind, Capabilities, Choice, ConversationId, MessageId, Outbound
from tests.support.stack import Stack, free_port
from tests.support.twilio import ACCOUNT_SID, FORM_TYPE, OUR_NUMBER, TOKEN, form, signature

RATE_PER_S, CUSTOMERS, TAKES_S, AT_ONCE = 30, 40, 0.05, 100
PAUSE_S, MOST_PAUSE_S = 0.3, 5.0
OURS = 2**100  # ids of texts that we send begin here: the provider gives no id twice, whichever way a text goes
SECRETS = {"FAULTS_TWILIO_TOKEN": TOKEN, "SWITCHBOARD_PUBLIC_URL": "https://help.example"}
CHANNELS = """
inboxes:
  - {{key: web, channel: webchat, name: Web chat}}
  - {{key: sms, channel: sms, name: SMS, account_sid: {sid}, token_env: FAULTS_TWILIO_TOKEN, number: "{number}",
     api_base_url: "{api}"}}
"""
LINE = Capabilities(text_limit=MOST_CHARACTERS, segments=SmsInbox.model_fields["most_segments"].default)
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"


@dataclass
class Provider:
    """What the double took, in order."""

    port: int = field(default_factory=free_port)
    taken: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post(MESSAGES, status_code=201)
        async def send(request: Request) -> JSONResponse:
            given = await request.form()
            message = {
                "sid": f"SM{OURS + len(self.taken):032x}", "to": str(given["To"]), "from": str(given["From"]),
                "body": str(given["Body"]), "direction": "outbound-api", "status": "queued",
                "date_created": formatdate(usegmt=True),
            }  # fmt: skip
            self.taken.append(message)
            await asyncio.sleep(TAKES_S)
            return JSONResponse(message, status_code=201)

        @app.get(MESSAGES)
        async def listed(request: Request) -> dict[str, list[dict[str, str]]]:
            to = request.query_params["To"]
            return {"messages": [each for each in reversed(self.taken) if each["to"] == to][:50]}

        return app


@contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()
    server = uvicorn.Server(uvicorn.Config(provider.app(), port=provider.port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()


def configure(stack: Stack, provider: Provider) -> None:
    channels = CHANNELS.format(sid=ACCOUNT_SID, number=OUR_NUMBER, api=provider.url)
    (stack.directory / "config" / "channels.yml").write_text(channels)


def _incoming(number: int, text: str) -> bytes:
    return form({
        "MessageSid": f"SM{number:032x}", "AccountSid": ACCOUNT_SID, "From": f"+3460000{number % CUSTOMERS:04d}",
        "To": OUR_NUMBER, "Body": text, "NumMedia": "0", "SmsStatus": "received",
    })  # fmt: skip


async def _insist(calling: Lines, body: bytes) -> None:
    """As Twilio does with retries set: the same request again, ever later, until the server says 200."""
    headers = {"Content-Type": FORM_TYPE, "X-Twilio-Signature": signature("https://help.example/webhooks/sms", body)}
    pause_s = PAUSE_S
    while await calling.post("/webhooks/sms", body, headers) != 200:
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, MOST_PAUSE_S)


async def write_for(stack: Stack, seconds: float, questions: tuple[str, ...], seed: int) -> int:
    """RATE_PER_S texts a second; how many were acknowledged."""
    chooser, numbers, started = random.Random(seed), itertools.count(1), time.perf_counter()
    tasks = []
    async with lines(stack.base_url, AT_ONCE, timeout_s=15) as calling:
        for sent in range(int(RATE_PER_S * seconds)):
            await asyncio.sleep(max(0.0, started + sent / RATE_PER_S - time.perf_counter()))
            tasks.append(asyncio.create_task(_insist(calling, _incoming(next(numbers), chooser.choice(questions)))))
        return len(await asyncio.gather(*tasks))


def _texts_of(uri: object, text: object, choices: object) -> list[tuple[str, str]]:
    """To whom and what: one message of ours may be several texts, and its buttons are said in words."""
    number, labels = str(uri).partition(":")[2], [str(each["label"]) for each in choices or []]  # type: ignore[attr-defined]
    message = Outbound(
        MessageId(0), ConversationId(0), "sms", Address(AddressKind.TEL, number), str(text), "en",
        choices=tuple(Choice(label, label) for label in labels),
    )  # fmt: skip
    return [(number, part.text) for part in parts_of(message, LINE)]


def figures_of(stack: Stack, provider: Provider, written: int, kills: int) -> dict[str, int]:
    """`duplicates`: texts that reached a customer more often than we meant to say them; `parked`: a person decides."""
    meant = Counter(text for row in stack.query(
        "select a.uri, m.text, m.content->'choices' from message m join conversation c on c.id = m.conversation_id"
        " join address a on a.contact_id = c.contact_id where m.direction = 'out'"
    ) for text in _texts_of(*row))  # fmt: skip
    told = Counter((each["to"], each["body"]) for each in provider.taken)
    return {
        "acked": written, "lost": written - fault_counts.stored(stack),
        "unanswered": fault_counts.unanswered(stack), "duplicates": fault_counts.copies(stack) + (told - meant).total(),
        "parked": fault_counts.delivered(stack, "in_doubt"), "sent": fault_counts.delivered(stack, "sent"),
        "on_the_wire": len(provider.taken), "kills": kills,
    }  # fmt: skip
