"""A telephone number as an inbox: its files, and what the carrier says of it. Calls have routes of their own."""

from bot.inboxes.parts import InboxTools, OpenInbox
from bot.inboxes.twilio import account_of
from channels.phone.channel import PhoneChannel
from channels.phone.signatures import PhoneNumber
from channels.protocol import Probe
from channels.twilio_probe import probe_number
from channels.twilio_rest import TwilioRest
from config.inboxes import PhoneInbox


def open_phone(inbox: PhoneInbox, tools: InboxTools) -> OpenInbox:
    account = account_of(inbox, tools)
    rest = TwilioRest(account)
    base = f"{tools.settings.base_url}/phone/{inbox.key}"

    async def probe() -> Probe:
        expected = {"voice_url": f"{base}/incoming", "status_callback": f"{base}/status"}
        return await probe_number(rest, inbox.number, expected)

    return OpenInbox(inbox.key, PhoneChannel(rest, PhoneNumber(account, inbox.number)), probe=probe)
