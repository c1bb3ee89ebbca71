"""Web chat through the kit of all channels."""

from collections.abc import Sequence

from channels.protocol import ChannelRequest
from channels.webchat import WebChat
from channels.webchat_identity import Visitor, VisitorTokens
from crm_core.contracts import Address, AddressKind, Attachment, Identity, Inbound
from tests.channels.kit import Case, ReceivingKit, SendingKit, payload

TOKENS = VisitorTokens(b"k" * 32)
ANNA = Visitor("web", "a" * 32, Identity(customer_ref="C-7", email="anna@example.com"))


def a_request(body: bytes, token: str | None = None) -> ChannelRequest:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token or TOKENS.issue(ANNA)}"}
    return ChannelRequest("POST", "/chat/web/messages", headers=headers, body=body)


def an_inbound(name: str, number: int, **content: object) -> Case:
    body = payload("webchat", name)
    inbound = Inbound(
        f"{ANNA.id}:b1a7c0de-0000-4000-8000-{number:012d}", Address(AddressKind.WEB, ANNA.id),
        identity=ANNA.identity, raw=body, **content,  # type: ignore[arg-type]
    )  # fmt: skip
    return Case(a_request(body), [inbound])


class TestWebChat(ReceivingKit, SendingKit):
    def make(self) -> WebChat:
        return WebChat("web", TOKENS)

    def sign(self, body: bytes) -> ChannelRequest:
        return a_request(body)

    def recipient(self) -> Address:
        return ANNA.address

    def cases(self) -> Sequence[Case]:
        picture = Attachment("", "", b"", stored_as="A" * 43)
        return [
            an_inbound("question.json", 1, text="где мой заказ 100234", language="ru"),
            an_inbound("choice.json", 2, text="Talk to a person", choice="talk_to_person", language="en"),
            an_inbound("picture.json", 3, text="", attachments=(picture,)),
        ]

    def forgeries(self) -> Sequence[ChannelRequest]:
        body, token = payload("webchat", "question.json"), TOKENS.issue(ANNA)
        stranger = VisitorTokens(b"x" * 32).issue(ANNA)
        elsewhere = TOKENS.issue(Visitor("other", ANNA.id))
        claims, _, signature = token.partition(".")
        forged = [
            stranger,
            elsewhere,
            claims,
            f"{claims}.",
            f".{signature}",
            f"{claims}A.{signature}",
            f"{token}0",
            "\ud800.x",
        ]
        bare = ChannelRequest("POST", "/chat/web/messages", body=body)
        basic = ChannelRequest("POST", "/chat/web/messages", headers={"authorization": f"Basic {token}"}, body=body)
        return [bare, basic, *(a_request(body, each) for each in forged)]
