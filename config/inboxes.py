"""What `channels.yml` may say of each kind of inbox. Secrets never stand in it: `…_env` names the variable."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, model_validator

from config.documents import Key, Strict

EnvironmentName = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{5,14}$")]


class Named(Strict):
    """What every inbox has."""

    key: Key
    name: str


class WebChatInbox(Named):
    """One chat widget: the sites that may embed it, and the key that signs visitors' identities."""

    channel: Literal["webchat"]
    origins: list[HttpUrl] = []
    identity_secret_env: EnvironmentName | None = None


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


AnyInbox = WebChatInbox | EmailInbox
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
        return self
