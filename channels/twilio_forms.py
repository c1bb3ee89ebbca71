"""Twilio's message forms: what came in, what became of what we sent. Pure and total."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qsl

from channels.protocol import ChannelRequest
from channels.twilio_keywords import Keyword, Wish, keyword_in
from channels.twilio_signature import form_of
from crm_core.contracts import (
    Address,
    AddressKind,
    DeliveryState,
    DeliveryUpdate,
    Inbound,
    Incoming,
    JsonObject,
    Mark,
    MessageId,
    Part,
    Reachability,
    RemoteFile,
)

MOST_MEDIA = 10
PART = re.compile(r"([1-9][0-9]?)\.([1-9][0-9]?)")
CHOICES = {Wish.START: "greeting", Wish.HELP: "help"}
STATES = {
    "accepted": DeliveryState.SENDING, "scheduled": DeliveryState.SENDING, "queued": DeliveryState.SENDING,
    "sending": DeliveryState.SENDING, "sent": DeliveryState.SENT, "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ, "undelivered": DeliveryState.FAILED, "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}  # fmt: skip


def read_form(request: ChannelRequest) -> "MessageForm":
    pairs = form_of(request)
    return MessageForm({name: value.replace("\x00", "") for name, value in reversed(pairs)}, request)


@dataclass(frozen=True, slots=True)
class MessageForm:
    """One form; of a name that is given twice the first value counts."""

    fields: dict[str, str]
    request: ChannelRequest

    def __call__(self, name: str) -> str:
        return self.fields.get(name, "")

    def incoming(self, kind: AddressKind, account_url: str) -> list[Incoming]:
        """`account_url` is where this account's files are: those of another are not ours to fetch."""
        if self("SmsStatus") == "received" or ("Body" in self.fields and "MessageStatus" not in self.fields):
            return self._message(kind, account_url)
        return self._report()

    def _report(self) -> list[Incoming]:
        state = STATES.get(self("MessageStatus").lower())
        if state is None or not self("MessageSid"):
            return []
        code = f"twilio_{self('ErrorCode')}" if state is DeliveryState.FAILED else None
        if self("ErrorCode") == "63016":
            code = "outside_window"
        return [DeliveryUpdate(state, self("MessageSid"), self._message_id(), code, self._part())]

    def _message_id(self) -> MessageId | None:
        """Ours, from the address we asked for the report at: it may come before we have stored Twilio's."""
        ours = dict(parse_qsl(self.request.query)).get("m", "")
        return MessageId(int(ours)) if ours.isascii() and ours.isdecimal() and len(ours) < 19 else None  # noqa: PLR2004

    def _part(self) -> Part | None:
        """Which of several texts one message became, from the same address."""
        found = PART.fullmatch(dict(parse_qsl(self.request.query)).get("p", ""))
        return Part(int(found[1]), int(found[2])) if found else None

    def _message(self, kind: AddressKind, account_url: str) -> list[Incoming]:
        number = self("From").removeprefix("whatsapp:").strip()
        if not self("MessageSid") or not number:
            return []
        sender = Address(kind, number)
        word = self._keyword()
        inbound = self._inbound(sender, word, account_url)
        match word.wish if word else None:
            case Wish.STOP:
                return [inbound, Reachability(sender, is_reachable=False, reason="stop")]
            case Wish.START:
                return [Reachability(sender, is_reachable=True, reason="start"), inbound]
            case _:
                return [inbound]

    def _keyword(self) -> Keyword | None:
        """What Twilio read itself counts, then our words: Twilio knows no Russian ones."""
        told = self("OptOutType").lower()
        if told in (wish.value for wish in Wish):
            return Keyword(Wish(told), None)
        return keyword_in(self("Body"))

    def _inbound(self, sender: Address, word: Keyword | None, account_url: str) -> Inbound:
        is_answered = bool(self("OptOutType")) or (word is not None and word.wish is Wish.STOP)
        choice = self("ButtonPayload") or (CHOICES.get(word.wish) if word else None)
        return Inbound(
            self("MessageSid"), sender, self("Body") or self._place(), choice=choice or None,
            language=word.language if word else None, raw=self.request.body, extra=self._extra(),
            marks=frozenset({Mark.AUTOMATIC}) if is_answered else frozenset(),
            remote_files=tuple(self._media(account_url)),
        )  # fmt: skip

    def _place(self) -> str:
        """A location that was shared, in words."""
        if not self("Latitude"):
            return ""
        named = [self(name) for name in ("Label", "Address") if self(name)]
        return ", ".join([*named, f"{self('Latitude')} {self('Longitude')}"])

    def _extra(self) -> JsonObject:
        return {"profile_name": self("ProfileName")} if self("ProfileName") else {}

    def _media(self, account_url: str) -> Iterator[RemoteFile]:
        """Where the files are, to be fetched once the message is stored; an address outside the account is left out."""
        count = self("NumMedia")
        for number in range(min(int(count), MOST_MEDIA) if count.isascii() and count.isdecimal() else 0):
            url = self(f"MediaUrl{number}")
            if url.startswith(f"{account_url}/"):
                yield RemoteFile(url, PurePosixPath(url).name[-40:], self(f"MediaContentType{number}"))
