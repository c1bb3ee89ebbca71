"""The JSON of the generic channel, in and out: docs/channels/generic.md describes every field."""

import base64
import json
import re
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from channels.payload import Body, Text
from channels.webchat_files import content_type_of, safe_name
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    DeliveryState,
    DeliveryUpdate,
    Edit,
    Identity,
    Inbound,
    Incoming,
    JsonObject,
    MessageId,
    Outbound,
    Reachability,
    RemoteFile,
)

MOST_FILES, MOST_TEXT = 20, 20_000
# Kinds whose value means the same everywhere. Ids of other channels are theirs: nobody else may speak for them.
PUBLIC = {
    AddressKind.TEL: re.compile(r"\+[1-9][0-9]{5,14}"),
    AddressKind.FAX: re.compile(r"\+[1-9][0-9]{5,14}"),
    AddressKind.WHATSAPP: re.compile(r"\+[1-9][0-9]{5,14}"),
    AddressKind.MAILTO: re.compile(r"[^\s@:<>\"]{1,64}@[a-z0-9.-]{1,190}"),
}


def address_from(uri: str) -> Address | None:
    """`tel:+34600111222`, `mailto:…`, `fax:…`, `whatsapp:…`; None for all else."""
    kind, _, value = uri.partition(":")
    value = value.lower()
    known = next((one for one in PUBLIC if one.value == kind), None)
    return Address(known, value) if known is not None and PUBLIC[known].fullmatch(value) else None


def _an_address(uri: str) -> str:
    if address_from(uri) is None:
        raise ValueError("an address looks like tel:+34600111222 or mailto:name@example.com")
    return uri


def _from_base64(content: object) -> bytes:
    """RFC 4648 section 4, to the letter: a damaged file is refused, never guessed at."""
    if not isinstance(content, str):
        raise ValueError("content is base64 in a string")  # noqa: TRY004 - pydantic tells values, not types
    return base64.b64decode(content, validate=True)


Id = Annotated[Text, Field(min_length=1, max_length=200)]
AddressUri = Annotated[Text, Field(max_length=300), AfterValidator(_an_address)]


class Party(Body):
    """Either an address that means the same everywhere, or an id of your own."""

    address: AddressUri | None = None
    id: Id | None = None
    name: Annotated[Text, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Party":
        if (self.address is None) == (self.id is None):
            raise ValueError("give `address` or `id`")
        return self

    def as_address(self, inbox_key: str) -> Address:
        found = address_from(self.address) if self.address is not None else None
        return found or Address(AddressKind.WEB, f"{inbox_key}/{self.id}")


class Proven(Body):
    """What you yourself have checked about the customer, for example by a log-in."""

    email: Annotated[Text, Field(max_length=254)] | None = None
    phone: Annotated[Text, Field(max_length=32)] | None = None
    customer_ref: Annotated[Text, Field(max_length=100)] | None = None


class File(Body):
    """Either the content in base64, or an https address that we fetch it from."""

    name: Annotated[Text, Field(max_length=500)] = "file"
    content_type: Annotated[Text, Field(max_length=200)] = "application/octet-stream"
    content: Annotated[bytes, BeforeValidator(_from_base64)] | None = None
    url: Annotated[Text, Field(max_length=2_000, pattern=r"^https://[\x21-\x7e]+$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "File":
        if (self.content is None) == (self.url is None):
            raise ValueError("give `content` or `url`")
        return self


class MessageIn(Body):
    type: Literal["message"]
    id: Id
    sender: Party = Field(alias="from")
    text: Annotated[Text, Field(max_length=MOST_TEXT)] = ""
    subject: Annotated[Text, Field(max_length=500)] | None = None
    thread: Annotated[Text, Field(max_length=200)] = ""
    language: Annotated[Text, Field(pattern="^[a-z]{2}$")] | None = None
    choice: Annotated[Text, Field(max_length=200)] | None = None
    sent_at: Annotated[datetime, Field(strict=False)] | None = None
    proven: Proven | None = None
    attachments: Annotated[list[File], Field(default_factory=list, max_length=MOST_FILES)]

    @model_validator(mode="after")
    def _says_something(self) -> "MessageIn":
        if not self.text.strip() and self.choice is None and not self.attachments:
            raise ValueError("give `text`, `choice` or `attachments`")
        return self


class DeliveryIn(Body):
    type: Literal["delivery"]
    message_id: Annotated[int, Field(ge=1, lt=2**63)]
    state: Literal["delivered", "read", "failed"]
    code: Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,64}$")] | None = None


class EditIn(Body):
    type: Literal["edit"]
    id: Id
    text: Annotated[Text, Field(max_length=MOST_TEXT)]


class ReachabilityIn(Body):
    type: Literal["reachability"]
    party: Party = Field(alias="of")
    reachable: bool
    reason: Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,64}$")] = "told_by_channel"


AnyIn = Annotated[MessageIn | DeliveryIn | EditIn | ReachabilityIn, Field(discriminator="type")]
_READER: TypeAdapter[MessageIn | DeliveryIn | EditIn | ReachabilityIn] = TypeAdapter(AnyIn)


def fault_of(body: bytes) -> str | None:
    """The field that is wrong, in words; None when `body` can be read."""
    try:
        _READER.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:80]
        return f"“{field or 'type'}”: {first['msg']}"
    return None


def incoming_of(inbox_key: str, body: bytes) -> Incoming | None:
    """None for what has not the agreed form."""
    try:
        told = _READER.validate_json(body)
    except ValidationError:
        return None
    match told:
        case MessageIn():
            return _inbound(inbox_key, told, body)
        case DeliveryIn():
            return DeliveryUpdate(DeliveryState(told.state), message_id=MessageId(told.message_id), code=told.code)
        case EditIn():
            return Edit(told.id, told.text)
        case ReachabilityIn():
            return Reachability(told.party.as_address(inbox_key), told.reachable, told.reason)


def _inbound(inbox_key: str, told: MessageIn, raw: bytes) -> Inbound:
    return Inbound(
        told.id, told.sender.as_address(inbox_key), told.text, told.thread, told.subject, told.sent_at, told.language,
        told.choice, _identity(told),
        tuple(
            Attachment(safe_name(file.name), content_type_of(file.content_type), file.content)
            for file in told.attachments
            if file.content is not None
        ),
        tuple(
            RemoteFile(file.url, safe_name(file.name), content_type_of(file.content_type))
            for file in told.attachments
            if file.url is not None
        ),
        raw,
    )  # fmt: skip


def _identity(told: MessageIn) -> Identity | None:
    proven, name = told.proven or Proven(), told.sender.name
    if told.proven is None and name is None:
        return None
    return Identity(proven.customer_ref, proven.email, proven.phone, name)


def outgoing_json(inbox_key: str, outbound: Outbound) -> bytes:
    """What we post to your address; `id` stays the same however often it is sent."""
    told: JsonObject = {
        "type": "message", "id": int(outbound.message_id), "conversation_id": int(outbound.conversation_id),
        "to": _party_json(inbox_key, outbound), "text": outbound.text, "subject": outbound.subject,
        "language": outbound.language, "by": "person" if outbound.by_person else "bot",
        "choices": [{"label": choice.label, "value": choice.value} for choice in outbound.choices],
        "card": {**asdict(outbound.card), "lines": [*outbound.card.lines]} if outbound.card else None,
        "attachments": [
            {
                "name": file.name, "content_type": file.content_type,
                "content": base64.b64encode(file.content).decode(),
            }
            for file in outbound.attachments
        ],
        "in_reply_to": outbound.in_reply_to,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _party_json(inbox_key: str, outbound: Outbound) -> JsonObject:
    own, mark, party_id = outbound.recipient.value.partition("/")
    if outbound.recipient.kind is AddressKind.WEB and mark and own == inbox_key:
        return {"id": party_id}
    return {"address": outbound.recipient.uri}
