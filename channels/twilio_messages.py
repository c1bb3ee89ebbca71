"""SMS and WhatsApp over Twilio: one interface, two kinds of address, and what WhatsApp asks for besides."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from channels.fetch import Guard
from channels.protocol import Acknowledgement, ChannelRequest
from channels.twilio_forms import MessageForm, read_form
from channels.twilio_media import OPEN_INTERNET, TwilioMedia
from channels.twilio_rest import TOO_MANY, Fields, RestAnswer, TwilioRest
from crm_core.contracts import (
    AddressKind,
    Attachment,
    Capabilities,
    DeliveryReceipt,
    DeliveryState,
    Incoming,
    InDoubtPolicy,
    JsonObject,
    Outbound,
    RemoteFile,
)
from crm_core.errors import Unavailable

EMPTY = Acknowledgement("<Response/>", "text/xml")
MOST_CHARACTERS = 1600  # twilio.com/docs/api/errors/21617
WINDOW = timedelta(hours=24) - timedelta(minutes=5)  # the clock of the provider decides; stay inside it
STOPPED, OUTSIDE_WINDOW = "stopped", "outside_window"
CODES = {21610: STOPPED, 63016: OUTSIDE_WINDOW}
LISTED = 50

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class TwilioLine:
    """One number of ours. `service_sid` sends from a pool; `templates` (language to ContentSid) open WhatsApp's window.

    `callback_url` is where Twilio reports what became of a message, `files_url` where it fetches our attachments.
    """

    kind: AddressKind
    number: str
    callback_url: str
    files_url: str
    service_sid: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    most_segments: int = 0

    @property
    def sender(self) -> str:
        return self.as_twilio(self.number)

    def file_url(self, file: Attachment) -> str:
        return f"{self.files_url}/{file.stored_as}/{quote(file.name, safe='')}"

    def as_twilio(self, number: str) -> str:
        return f"whatsapp:{number}" if self.kind is AddressKind.WHATSAPP else number


class TwilioMessages:
    """The adapter; `now` is a clock, for the window."""

    acknowledgement = EMPTY

    def __init__(self, rest: TwilioRest, line: TwilioLine, now: Clock, guard: Guard = OPEN_INTERNET) -> None:
        self._rest, self._line, self._now, self._guard = rest, line, now, guard
        self.name = "whatsapp" if line.kind is AddressKind.WHATSAPP else "sms"
        self.capabilities = Capabilities(
            text_limit=MOST_CHARACTERS, segments=line.most_segments, attachments=True,
            in_doubt=InDoubtPolicy.ASK_PROVIDER,
            proves_sender=frozenset({line.kind} if line.kind is AddressKind.WHATSAPP else ()),
        )  # fmt: skip

    def verify(self, request: ChannelRequest) -> bool:
        """Signed with a token of this account, and about this number of it."""
        return self._rest.account.is_signed(request) and self._is_ours(read_form(request))

    def _is_ours(self, form: MessageForm) -> bool:
        """Other tenants of a provider sign as well as we do; what names no account came as JSON, for none of them."""
        if not form.fields:
            return True
        to_us = self._line.sender in (form("To"), form("From"))
        by_pool = self._line.service_sid is not None and form("MessagingServiceSid") == self._line.service_sid
        return form("AccountSid") == self._rest.account.sid and (to_us or by_pool)

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        return read_form(request).incoming(self._line.kind, self._rest.url(""))

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        fields = self._fields(outbound)
        if fields is None:
            return DeliveryReceipt(DeliveryState.FAILED, code=OUTSIDE_WINDOW)
        return _receipt(await self._rest.post("/Messages.json", fields))

    async def sent_before(self, outbound: Outbound, since: datetime) -> list[str]:
        """Ids of messages with this text to this customer that Twilio took since then. Raises Unavailable."""
        day = (since - timedelta(days=1)).date().isoformat()
        query = [("To", self._line.as_twilio(outbound.recipient.value)), ("DateSent>", day), ("PageSize", str(LISTED))]
        answer = await self._rest.get("/Messages.json", query)
        listed = answer.content.get("messages")
        if not answer.is_ok or not isinstance(listed, list):
            raise Unavailable("The provider cannot be asked just now.")
        since = since.replace(microsecond=0)  # the provider tells whole seconds
        found = [each for each in listed if isinstance(each, dict) and _is_same(each, outbound.text, since)]
        return [str(each["sid"]) for each in reversed(found) if each.get("sid")]

    async def fetch_file(self, file: RemoteFile) -> Attachment:
        return await TwilioMedia(self._rest, self._guard).fetch(file)

    def _fields(self, outbound: Outbound) -> Fields | None:
        """None when only a template may be sent and there is none."""
        sender = (
            ("MessagingServiceSid", self._line.service_sid) if self._line.service_sid else ("From", self._line.sender)
        )
        part = f"&p={outbound.part.number}.{outbound.part.of}" if outbound.part else ""
        report = f"{self._line.callback_url}?m={outbound.message_id}{part}"
        fields = [("To", self._line.as_twilio(outbound.recipient.value)), sender, ("StatusCallback", report)]
        if not self._needs_template(outbound):
            media = [("MediaUrl", self._line.file_url(file)) for file in outbound.attachments]
            return [*fields, *([("Body", outbound.text)] if outbound.text or not media else []), *media]
        template = self._line.templates.get(outbound.language)
        if template is None:
            return None
        variables = json.dumps({"1": " ".join(outbound.text.split())}, ensure_ascii=False)  # no line breaks allowed
        return [*fields, ("ContentSid", template), ("ContentVariables", variables)]

    def _needs_template(self, outbound: Outbound) -> bool:
        wrote_at = outbound.customer_wrote_at
        return self._line.kind is AddressKind.WHATSAPP and (wrote_at is None or self._now() - wrote_at > WINDOW)


def _is_same(listed: JsonObject, text: str, since: datetime) -> bool:
    if not str(listed.get("direction", "")).startswith("outbound"):
        return False
    try:
        created = parsedate_to_datetime(str(listed.get("date_created")))
    except (ValueError, TypeError):
        return False
    return created >= since and str(listed.get("body", "")).strip() == text.strip()


def _receipt(answer: RestAnswer) -> DeliveryReceipt:
    if answer.is_ok and answer.text("sid"):
        return DeliveryReceipt(DeliveryState.SENT, external_id=answer.text("sid"))
    if answer.status == TOO_MANY or not answer.was_sent:
        return DeliveryReceipt(
            DeliveryState.FAILED, code="twilio_busy", retryable=True, retry_after_s=answer.retry_after_s
        )
    if answer.is_uncertain or answer.is_ok:
        return DeliveryReceipt(DeliveryState.IN_DOUBT, code=f"twilio_http_{answer.status}")
    known = CODES.get(answer.code or 0)
    return DeliveryReceipt(
        DeliveryState.FAILED, code=known or f"twilio_{answer.code or answer.status}", is_unreachable=known == STOPPED
    )
