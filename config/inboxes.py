"""What `channels.yml` may say of each kind of inbox. Secrets never stand in it: `…_env` names the variable."""

from enum import StrEnum
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


AnyInbox = WebChatInbox | TelegramInbox | GenericInbox
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
