"""What `channels.yml` may say of each kind of inbox. Secrets never stand in it: `…_env` names the variable."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, field_validator, model_validator

from config.words import Key, Strict

EnvironmentName = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{5,14}$")]


# so many days after a person closed a conversation its customer goes on in it; a call is never gone on with
REOPENS_WITHIN_DAYS = {"email": 14, "fax": 14, "sms": 3, "whatsapp": 3, "telegram": 3, "generic": 3, "webchat": 1}


class Named(Strict):
    """What every inbox has. `reopens_within_days`: 0 begins a new conversation each time, linked to the last."""

    key: Key
    name: str
    reopens_within_days: Annotated[int, Field(ge=0, le=365)] | None = None


class WebChatInbox(Named):
    """One chat widget: the sites that may embed it, and the key that signs visitors' identities.

    `leaves_after_s`: a visitor in line whose page is closed for so long has left; loading it again is no leaving.
    """

    channel: Literal["webchat"]
    leaves_after_s: Annotated[int, Field(ge=60, le=86_400)] = 180
    origins: list[HttpUrl] = []
    identity_secret_env: EnvironmentName | None = None


class TelegramMode(StrEnum):
    """`webhook`: Telegram calls us over https. `polling`: we ask Telegram, from anywhere."""

    WEBHOOK = "webhook"
    POLLING = "polling"


class TelegramInbox(Named):
    """One Telegram bot: the token BotFather gave, and a secret of your own that proves Telegram's calls."""

    channel: Literal["telegram"]
    token_env: EnvironmentName
    mode: TelegramMode = TelegramMode.POLLING
    secret_env: EnvironmentName | None = None
    api_base_url: HttpUrl = HttpUrl("https://api.telegram.org")

    @model_validator(mode="after")
    def _secret_is_named(self) -> "TelegramInbox":
        if self.mode is TelegramMode.WEBHOOK and self.secret_env is None:
            raise ValueError("a webhook needs `secret_env`: without it anybody could pretend to be Telegram")
        return self


class GenericInbox(Named):
    """Signed JSON in and out: whatever you connect yourself. `deliver_to` is where replies are posted."""

    channel: Literal["generic"]
    secret_env: EnvironmentName
    deliver_to: HttpUrl | None = None


class FaxAnswer(StrEnum):
    """How the gateway wants a reply: as the pages themselves, or as plain text that it draws."""

    PDF = "pdf"
    TEXT = "text"


class FaxInbox(Named):
    """A fax gateway: it mails faxes from `gateway` to the inbox `via`, and faxes what is mailed to `answer_to`."""

    channel: Literal["fax"]
    via: Key
    gateway: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    answer_to: Annotated[str, Field(pattern=r"^[A-Za-z0-9.+_-]*\{(number|digits)\}[A-Za-z0-9.+_-]*@[A-Za-z0-9.-]+$")]
    answer_subject: str = "Fax to {number}"
    answer_as: FaxAnswer = FaxAnswer.PDF
    number_pattern: Annotated[str, Field(max_length=200)] | None = None

    @field_validator("number_pattern")
    @classmethod
    def _finds_a_number(cls, pattern: str | None) -> str | None:
        try:
            found = re.compile(pattern).groupindex if pattern is not None else {"number": 1}
        except re.error:
            found = {}
        if "number" not in found:
            raise ValueError("write a regular expression with a group (?P<number>…)")
        return pattern

    @field_validator("answer_subject")
    @classmethod
    def _names_what_there_is(cls, subject: str) -> str:
        if set(re.findall(r"[{}][^{}]*[{}]?", subject)) - {"{number}", "{digits}"}:
            raise ValueError("only {number} and {digits} may stand in braces")
        return subject


class TwilioInbox(Named):
    """One number of a Twilio account, or of a provider that speaks as Twilio does (`api_base_url`, `signature`)."""

    account_sid: Annotated[str, Field(pattern="^AC[0-9a-fA-F]{32}$")]
    token_env: EnvironmentName
    secondary_token_env: EnvironmentName | None = None
    number: PhoneNumber
    api_base_url: HttpUrl = HttpUrl("https://api.twilio.com")
    signature: Literal["twilio", "signalwire"] = "twilio"


class SmsInbox(TwilioInbox):
    """`most_segments`: a longer text goes out as several messages. `messaging_service_sid` sends from a pool."""

    channel: Literal["sms"]
    messaging_service_sid: Annotated[str, Field(pattern="^MG[0-9a-fA-F]{32}$")] | None = None
    most_segments: Annotated[int, Field(ge=1, le=10)] = 6


class WhatsAppInbox(TwilioInbox):
    """`templates`: by language, the approved template ({{1}} is our text) for customers silent for a day."""

    channel: Literal["whatsapp"]
    messaging_service_sid: Annotated[str, Field(pattern="^MG[0-9a-fA-F]{32}$")] | None = None
    templates: dict[str, Annotated[str, Field(pattern="^HX[0-9a-fA-F]{32}$")]] = {}


class PhoneInbox(TwilioInbox):
    """A number people call. docs/channels/phone.md says what each option means to a caller."""

    channel: Literal["phone"]
    language: Annotated[str, Field(pattern="^(en|ru|es)$")] | None = None
    trust_caller_number: bool = False
    agents: dict[str, PhoneNumber] = {}  # an agent's e-mail at the desk, and where their phone rings
    callback_prefixes: list[Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,9}$")]] = []
    record: bool = False
    hold_music: HttpUrl | None = None


class OAuth(Strict):
    """XOAUTH2 for a mailbox: a token of your own making, or a refresh token that fetches one whenever it is needed."""

    token_env: EnvironmentName | None = None
    token_url: HttpUrl | None = None
    client_id: str | None = None
    client_secret_env: EnvironmentName | None = None
    refresh_token_env: EnvironmentName | None = None
    scope: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "OAuth":
        if self.token_env is None and not (self.token_url and self.client_id and self.refresh_token_env):
            raise ValueError("give token_env, or token_url with client_id and refresh_token_env")
        return self


class MailServer(Strict):
    """A mail server and how to log in there."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str | None = None
    password_env: EnvironmentName | None = None
    oauth: OAuth | None = None
    ca_file: Path | None = None  # of an authority of your own

    @model_validator(mode="after")
    def _is_not_in_the_clear(self) -> "MailServer":
        if self.security == "none" and self.username and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("a password would go over the network in the clear; use security: tls or starttls")
        return self


class ListenAddress(Strict):
    """Where our own LMTP server waits for mail, and which network it may come from by being reachable there."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)]


class EmailInbox(Named):
    """One mailbox. Mail comes by `imap`, by `lmtp` from a mail server of yours, or by both; it goes by `smtp`."""

    channel: Literal["email"]
    address: Annotated[str, Field(pattern=r"^[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+$")]
    imap: MailServer | None = None
    folder: str = "INBOX"
    smtp: MailServer
    lmtp: ListenAddress | None = None
    authserv_id: str | None = None  # name under which your mail server notes what it found out about senders
    own_hops: Annotated[int, Field(ge=0, le=10)] = 1  # how many of your servers add a Received line
    plus_addresses: bool = False  # the server delivers address+anything@… here
    signature: str | None = None  # below what agents write; otherwise the company's name

    @model_validator(mode="after")
    def _has_a_way_in(self) -> "EmailInbox":
        if self.imap is None and self.lmtp is None:
            raise ValueError("say where mail comes from: imap, lmtp or both")
        return self


AnyInbox = WebChatInbox | EmailInbox | TelegramInbox | GenericInbox | FaxInbox | SmsInbox | WhatsAppInbox | PhoneInbox


def reopens_within_days(inbox: AnyInbox) -> int:
    """What the file says, else what is usual in the channel."""
    said = inbox.reopens_within_days
    return REOPENS_WITHIN_DAYS.get(inbox.channel, 0) if said is None else said


InboxEntry = Annotated[AnyInbox, Field(discriminator="channel")]


class Channels(Strict):
    """`channels.yml`."""

    inboxes: Annotated[list[InboxEntry], Field(min_length=1)]

    @property
    def widgets(self) -> list[WebChatInbox]:
        return [inbox for inbox in self.inboxes if isinstance(inbox, WebChatInbox)]

    @model_validator(mode="after")
    def _keys_differ(self) -> "Channels":
        keys = [inbox.key for inbox in self.inboxes]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"two inboxes have the key “{twice[0]}”; give each its own")
        lost = [inbox for inbox in self.inboxes if isinstance(inbox, FaxInbox) and inbox.via not in keys]
        if lost:
            raise ValueError(f"the fax inbox “{lost[0].key}” comes through “{lost[0].via}”, which is no inbox here")
        return self
