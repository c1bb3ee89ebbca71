"""SMS and WhatsApp as inboxes, and what every Twilio number is opened with."""

from bot.inboxes.parts import InboxTools, OpenInbox
from channels.protocol import Probe
from channels.twilio_messages import TwilioLine, TwilioMessages
from channels.twilio_probe import probe_number
from channels.twilio_rest import TwilioRest
from channels.twilio_signature import SignatureScheme, TwilioAccount
from config.inboxes import SmsInbox, TwilioInbox, WhatsAppInbox
from crm_core.contracts import AddressKind
from crm_core.db import utc_now


def account_of(inbox: TwilioInbox, tools: InboxTools) -> TwilioAccount:
    """Raises InboxOff without a token: nothing could be verified."""
    first = tools.secret(inbox.key, inbox.token_env)
    second = tools.settings.secret_named(inbox.secondary_token_env)
    tokens = (first, second.decode()) if second else (first,)
    return TwilioAccount(
        inbox.account_sid, tokens, tools.settings.base_url, str(inbox.api_base_url).rstrip("/"),
        SignatureScheme(inbox.signature),
    )  # fmt: skip


def open_messages(inbox: SmsInbox | WhatsAppInbox, tools: InboxTools) -> OpenInbox:
    account = account_of(inbox, tools)
    rest, url = TwilioRest(account), tools.webhook_url(inbox.key)
    is_sms = isinstance(inbox, SmsInbox)
    line = TwilioLine(
        AddressKind.TEL if is_sms else AddressKind.WHATSAPP, inbox.number, url, f"{tools.settings.base_url}/files",
        inbox.messaging_service_sid, {} if isinstance(inbox, SmsInbox) else inbox.templates,
        inbox.most_segments if isinstance(inbox, SmsInbox) else 0,
    )  # fmt: skip

    async def probe() -> Probe:
        return await probe_number(rest, inbox.number, {"sms_url": url} if is_sms else {})

    return OpenInbox(inbox.key, TwilioMessages(rest, line, utc_now), probe=probe)
