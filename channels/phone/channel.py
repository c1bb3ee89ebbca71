"""A telephone number as a channel: what is said in a call is fetched by the call itself, so nothing is ever sent."""

from channels.phone.signatures import PhoneNumber
from channels.protocol import Acknowledgement, ChannelRequest
from channels.twilio_media import OPEN_INTERNET, TwilioMedia
from channels.twilio_rest import TwilioRest
from crm_core.contracts import (
    Attachment,
    Capabilities,
    DeliveryReceipt,
    DeliveryState,
    Incoming,
    Outbound,
    RemoteFile,
)


class PhoneChannel:
    name = "phone"
    capabilities = Capabilities(pulled=True)
    acknowledgement = Acknowledgement("<Response/>", "text/xml")

    def __init__(self, rest: TwilioRest, number: PhoneNumber) -> None:
        self.rest, self.number = rest, number

    def verify(self, request: ChannelRequest) -> bool:
        return self.number.form_of(request) is not None

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        """Calls have routes of their own."""
        del request
        return []

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        """Said by the call when it next asks."""
        return DeliveryReceipt(DeliveryState.SENT, external_id=f"said-{outbound.message_id}")

    async def fetch_file(self, file: RemoteFile) -> Attachment:
        """A recording, from the carrier with our login."""
        return await TwilioMedia(self.rest, OPEN_INTERNET).fetch(file)
