"""Web chat: the adapter every channel has, and the routes that carry it."""

from channels.payload import read_json
from channels.protocol import STORED, ChannelRequest
from channels.webchat_edge import inbound_of
from channels.webchat_identity import Visitor, VisitorTokens
from channels.webchat_messages import MessageBody
from channels.webchat_types import ChatSettings
from crm_core.contracts import Capabilities, DeliveryReceipt, DeliveryState, Incoming, InDoubtPolicy, Outbound
from crm_core.errors import InvalidInput, Unauthenticated

CAPABILITIES = Capabilities(choices=10, cards=True, attachments=True, pulled=True, in_doubt=InDoubtPolicy.REPEAT)


class WebChat:
    """One inbox of web chat as a channel. Its sender is whoever the visitor's token names."""

    name = "webchat"
    capabilities = CAPABILITIES
    acknowledgement = STORED

    def __init__(self, inbox_key: str, tokens: VisitorTokens) -> None:
        self._inbox_key, self._tokens = inbox_key, tokens

    def verify(self, request: ChannelRequest) -> bool:
        return self._visitor(request) is not None

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        visitor = self._visitor(request)
        if visitor is None:
            return []
        try:
            return [inbound_of(visitor, read_json(MessageBody, request.body), request.body)]
        except InvalidInput:
            return []

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        """The widget fetches from our store and knows each message by its id: stored is sent."""
        return DeliveryReceipt(DeliveryState.SENT, external_id=str(outbound.message_id))

    def _visitor(self, request: ChannelRequest) -> Visitor | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            return self._tokens.read(self._inbox_key, token.strip()) if scheme.lower() == "bearer" else None
        except Unauthenticated:
            return None


def webchat_channels(settings: ChatSettings) -> dict[str, WebChat]:
    """Inbox key to its channel, for the sender."""
    tokens = VisitorTokens(settings.token_key)
    return {key: WebChat(key, tokens) for key in settings.inboxes}
