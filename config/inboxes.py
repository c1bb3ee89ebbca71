"""What `channels.yml` may say of each kind of inbox. Secrets never stand in it: `…_env` names the variable."""

from typing import Annotated, Literal

from pydantic import Field, HttpUrl, model_validator

from config.words import Key, Strict

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


AnyInbox = WebChatInbox
InboxEntry = Annotated[AnyInbox, Field(discriminator="channel")]


class Channels(Strict):
    """`channels.yml`."""

    inboxes: Annotated[list[AnyInbox], Field(min_length=1)]

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
