"""Twilio's side of things: forms signed by its own package, and a REST interface that answers what a test wants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import httpx
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from channels.protocol import ChannelRequest
from channels.twilio_rest import TwilioRest
from channels.twilio_signature import TwilioAccount
from crm_core.contracts import JsonObject

ACCOUNT_SID, OTHER_SID = "AC" + "0" * 31 + "1", "AC" + "0" * 31 + "2"
TOKEN, SECONDARY, STRANGERS_TOKEN = "t" * 32, "s" * 32, "x" * 32
PUBLIC_URL = "https://help.example"
OUR_NUMBER, THEIR_NUMBER = "+34911234567", "+34612345678"
FORM_TYPE = "application/x-www-form-urlencoded"
ACCOUNT = TwilioAccount(ACCOUNT_SID, (TOKEN, SECONDARY), PUBLIC_URL)


def signature(url: str, body: bytes, token: str = TOKEN) -> str:
    """By the provider's own code, with duplicate and blank fields as they stand."""
    fields = FormData(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return str(RequestValidator(token).compute_signature(url, fields))


def a_form_request(
    path: str, body: bytes, *, token: str = TOKEN, signed_url: str | None = None, query: str = ""
) -> ChannelRequest:
    """As Twilio posts it to `path` of ours."""
    url = signed_url or f"{PUBLIC_URL}{path}{'?' + query if query else ''}"
    headers = {"content-type": FORM_TYPE, "x-twilio-signature": signature(url, body, token)}
    return ChannelRequest("POST", path, query, headers, body)


def form(fields: dict[str, str] | Sequence[tuple[str, str]]) -> bytes:
    return urlencode(list(fields.items()) if isinstance(fields, dict) else list(fields)).encode()


@dataclass
class FakeTwilio:
    """The REST interface at the transport: what was asked of it, and what it says next (the last one for ever)."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    on_request: Callable[[httpx.Request], None] | None = None

    def answer(self, status: int, content: JsonObject | None = None, **headers: str) -> None:
        self.answers = [httpx.Response(status, json=content or {}, headers=headers)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.on_request is not None:
            self.on_request(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def forms(self) -> list[list[tuple[str, str]]]:
        return [parse_qsl(request.content.decode(), keep_blank_values=True) for request in self.requests]

    def rest(self, account: TwilioAccount = ACCOUNT) -> TwilioRest:
        return TwilioRest(account, lambda: httpx.AsyncClient(transport=httpx.MockTransport(self)))
