"""The telephone of a whole contact centre in this process: real app, real NLU, sample ERP; the carrier is a double."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import yaml
from fastapi import FastAPI

from bot.app import Running
from bot.intake_door import IntakeDoor
from bot.phone.desk import HomeDesk
from bot.phone.home import PhoneHome
from bot.phone.wiring import line_of, phone_homes
from bot.services import Services, open_services
from channels.phone.channel import PhoneChannel
from channels.phone.twilio_http import phone_routes
from config.routing_files import Hours
from config.settings import ROOT, Settings, TurnSettings
from crm_core.db import unit_of_work, utc_now
from crm_core.erp.port import Erp
from crm_core.erp.sample import load_sample
from tests.support.nlu import trained_model
from tests.support.stack import ALWAYS_OPEN
from tests.support.twilio import ACCOUNT_SID, FORM_TYPE, OUR_NUMBER, PUBLIC_URL, TOKEN, form, signature
from tests.support.twiml_walker import Walker

AGENT, AGENT_NUMBER, SECOND, SECOND_NUMBER = "elena@oslo.example", "+34600000001", "pavel@oslo.example", "+34600000002"


@dataclass
class CarrierDouble:
    """Twilio's REST interface on a port of this machine: it takes every call and remembers it."""

    port: int = 0
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    status: int = 201
    paused: str = "paused"
    numbers: Any = field(default_factory=lambda: count(1))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
        fields = dict(parse_qsl((await reader.readexactly(length)).decode(), keep_blank_values=True))
        method, path, _ = head.split(maxsplit=2)
        self.calls.append((method, path.partition(f"/{ACCOUNT_SID}")[2], fields))
        sid = f"CA{next(self.numbers) + 10**20:032x}"
        content = json.dumps({"sid": sid if "Recordings" not in path else "RE" + "b" * 32, "call_sid": sid,
                              "status": self.paused}).encode()  # fmt: skip
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
                     f"Content-Length: {len(content)}\r\n\r\n".encode() + content)  # fmt: skip
        await writer.drain()
        writer.close()

    def asked(self, path: str) -> list[dict[str, str]]:
        return [fields for method, asked, fields in self.calls if method == "POST" and asked.startswith(path)]


@asynccontextmanager
async def carrier_double() -> AsyncIterator[CarrierDouble]:
    double = CarrierDouble()
    server = await asyncio.start_server(double.answer, "127.0.0.1", 0)
    double.port = server.sockets[0].getsockname()[1]
    yield double
    server.close()
    await server.wait_closed()


def _inboxes(port: int) -> str:
    number = {
        "channel": "phone", "account_sid": ACCOUNT_SID, "token_env": "PHONE_TOKEN", "number": OUR_NUMBER,
        "api_base_url": f"http://127.0.0.1:{port}", "agents": {AGENT: AGENT_NUMBER, SECOND: SECOND_NUMBER},
        "callback_prefixes": ["+34", "+44", "+7"],
    }  # fmt: skip
    inboxes = [
        {"key": "web", "channel": "webchat", "name": "Web"},
        {"key": "line", "name": "Phone", **number},
        {"key": "trusted", "name": "Phone", "trust_caller_number": True, **number},
        {"key": "recorded", "name": "Phone", "record": True, **number},
    ]
    return yaml.safe_dump({"inboxes": inboxes}, allow_unicode=True)


@dataclass
class PhoneCentre:
    """`app` with what a test changes; `walk` places a call."""

    services: Services
    carrier: CarrierDouble
    running: Running
    app: FastAPI
    calls: Any = field(default_factory=lambda: count(1))

    def changed(
        self, *, erp: Erp | None = None, hours: Hours | None = None, patience_s: float | None = None
    ) -> "PhoneCentre":
        services = self.services
        if hours is not None:
            services = replace(services, business=replace(services.business, hours=hours))
        dialogue = replace(services.turn.dialogue, erp=erp or services.erp, business=services.business)
        services = replace(services, turn=replace(services.turn, dialogue=dialogue))
        running = Running(services)
        return PhoneCentre(services, self.carrier, running, phone_app(services, running, patience_s), self.calls)

    def home(self, key: str = "line") -> PhoneHome:
        door = IntakeDoor(self.services, self.running.inline)
        return next(home for home in phone_homes(self.services, door) if home.inbox.key == key)

    async def post(self, path: str, query: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        url, body = f"{PUBLIC_URL}{path}{'?' + query if query else ''}", form(fields)
        signed = {"Content-Type": FORM_TYPE, "X-Twilio-Signature": signature(url, body), **headers}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://10.0.0.7") as client:
            return await client.post(url.removeprefix(PUBLIC_URL), content=body, headers=signed)

    async def document(self, path: str, query: str, fields: dict[str, str]) -> str:
        answer = await self.post(path, query, fields)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/xml"), answer.text
        return answer.text

    def a_call(self, caller: str, script: list[dict[str, Any]], key: str = "line") -> Walker:
        sid = f"CA{next(self.calls):032x}"
        return Walker(self.document, sid, caller, script, f"/phone/{key}")

    async def status(self, walker: Walker, state: str = "completed", seconds: int = 42) -> None:
        """The carrier reports the end of the customer's line."""
        fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "From": walker.caller, "To": OUR_NUMBER,
                  "CallStatus": state, "CallDuration": str(seconds)}  # fmt: skip
        await self.document(f"{walker.base}/status", "", fields)


def phone_app(services: Services, running: Running, patience_s: float | None = None) -> FastAPI:
    """The routes of every number, as the application mounts them; the bot's patience shortened where a test asks."""
    app = FastAPI()
    door = IntakeDoor(services, running.inline)
    for home in phone_homes(services, door):
        channel = services.inboxes[home.inbox.key].channel
        assert isinstance(channel, PhoneChannel)
        line = line_of(home, channel)
        if patience_s is not None:
            rules = replace(line.rules, reply_patience_s=patience_s, later_patience_s=patience_s)
            line = replace(line, rules=rules)
        app.include_router(phone_routes(line, HomeDesk(home)))
    return app


@asynccontextmanager
async def phone_centre(directory: Path, database_url: str) -> AsyncIterator[PhoneCentre]:
    """People are here at any hour, unless a test says otherwise. Needs PHONE_TOKEN in the environment."""
    config = directory / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copytree(trained_model().parent, directory / "var" / "models")
    (config / "hours.yml").write_text(ALWAYS_OPEN)
    async with carrier_double() as carrier:
        (config / "channels.yml").write_text(_inboxes(carrier.port))
        # no worker is here to whom turns could be left, however fast the calls follow each other
        settings = Settings(
            database_url=database_url,
            config_dir=config,
            var_dir=directory / "var",
            public_url=PUBLIC_URL,
            turn=TurnSettings(inline_rate=1_000),
        )  # type: ignore[arg-type]
        async with open_services(settings) as services:
            async with unit_of_work(services.sessions) as session:
                await load_sample(session, utc_now().date())
            running = Running(services)
            yield PhoneCentre(services, carrier, running, phone_app(services, running))
            await running.inline.stop(5)


TOKEN_ENVIRONMENT = {"PHONE_TOKEN": TOKEN}
