"""The words web chat speaks: JSON bodies and frames in, updates out."""

from dataclasses import asdict, replace
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field, RootModel, model_validator

from channels.payload import Body, Text
from channels.webchat_types import ChatEntry, ChatFile, ChatUpdates, EntryAuthor
from crm_core.contracts import JsonObject

INLINE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MOST_ID = 2**63 - 1

Id = Annotated[int, Field(ge=0, le=MOST_ID)]
ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^\s@<>(),;:\"\\\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,185}$")]


class MessageBody(Body):
    """A visitor says something; `id` is the client's own, so that a repeat is recognised."""

    id: ClientId
    text: Annotated[Text, Field(max_length=20_000)] = ""
    choice: Annotated[Text, Field(max_length=200)] | None = None
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] | None = None
    attachments: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]], Field(max_length=5)] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _says_something(self) -> "MessageBody":
        if not self.text.strip() and self.choice is None and not self.attachments:
            raise ValueError("text, choice or attachments")
        return self


class VisitorBody(Body):
    """Who asks to chat: nobody in particular, or a customer the shop vouches for."""

    identity_token: Annotated[str, Field(max_length=4096)] | None = None
    user_id: Annotated[Text, Field(max_length=200)] | None = None
    user_hash: Annotated[str, Field(max_length=128)] | None = None


class OfflineBody(MessageBody):
    email: Email
    name: Annotated[Text, Field(max_length=120)] = ""


class TranscriptBody(Body):
    email: Email


class SurveyBody(Body):
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[Text, Field(max_length=2_000)] = ""


class HelloFrame(Body):
    type: Literal["hello"]
    token: Annotated[str, Field(max_length=8192)]
    after: Id = 0


class MessageFrame(MessageBody):
    type: Literal["message"]


class ReadFrame(Body):
    type: Literal["read"]
    message_id: Id


class TypingFrame(Body):
    type: Literal["typing"]


class SurveyFrame(SurveyBody):
    type: Literal["survey"]


class PingFrame(Body):
    type: Literal["ping"]


class Frame(RootModel[MessageFrame | ReadFrame | TypingFrame | SurveyFrame | PingFrame]):
    """Any frame after the first."""

    root: Annotated[
        MessageFrame | ReadFrame | TypingFrame | SurveyFrame | PingFrame, Field(discriminator="type")
    ]  # fmt: skip


def updates_json(updates: ChatUpdates) -> JsonObject:
    status = status_json(updates)
    return {"type": "updates", "entries": [_entry_json(entry) for entry in updates.entries], **status}


def with_typing(updates: ChatUpdates, typing_by: str | None) -> ChatUpdates:
    """What somebody typed stands in the entries by now; without any, an agent is still typing."""
    if typing_by != EntryAuthor.AGENT.value or updates.entries:
        return updates
    return replace(updates, typing=EntryAuthor.AGENT)


def status_json(updates: ChatUpdates) -> JsonObject:
    """How the conversation stands, without its entries."""
    return {
        "state": updates.state.value,
        "queue_position": updates.queue_position,
        "estimated_wait_s": updates.estimated_wait_s,
        "longest_wait_s": updates.longest_wait_s,
        "agent_name": updates.agent_name,
        "survey_due": updates.survey_due,
        "typing": updates.typing.value if updates.typing else None,
    }


def _entry_json(entry: ChatEntry) -> JsonObject:
    card: JsonObject | None = None
    if entry.card is not None:
        card = {**asdict(entry.card), "lines": list(entry.card.lines)}
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "author": entry.author.value,
        "text": entry.text,
        "choices": [{"label": choice.label, "value": choice.value} for choice in entry.choices],
        "card": card,
        "files": [file_json(file) for file in entry.attachments],
        "client_id": entry.client_id.rpartition(":")[2] if entry.client_id else None,
        "agent_name": entry.agent_name,
    }


def file_json(file: ChatFile) -> JsonObject:
    return {
        "token": file.token,
        "url": f"/files/{file.token}/{quote(file.name, safe='')}",
        "name": file.name,
        "size": file.size,
        "is_image": file.content_type in INLINE_IMAGES,
    }
