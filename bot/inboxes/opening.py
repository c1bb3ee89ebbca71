"""The list of channels, written out: which opener makes which kind of inbox."""

from bot.inboxes.email import open_email
from bot.inboxes.fax import open_fax
from bot.inboxes.generic import open_generic
from bot.inboxes.parts import ClosedInbox, InboxOff, InboxTools, OpenInbox
from bot.inboxes.phone import open_phone
from bot.inboxes.telegram import open_telegram
from bot.inboxes.twilio import open_messages
from bot.inboxes.webchat import open_webchat
from config.inboxes import (
    AnyInbox,
    EmailInbox,
    FaxInbox,
    GenericInbox,
    PhoneInbox,
    SmsInbox,
    TelegramInbox,
    WebChatInbox,
    WhatsAppInbox,
)


def open_inboxes(tools: InboxTools) -> tuple[dict[str, OpenInbox], list[ClosedInbox]]:
    """Every inbox of `channels.yml` by its key, and those that are off: one without credentials stops no other."""
    opened: dict[str, OpenInbox] = {}
    closed: list[ClosedInbox] = []
    for inbox in tools.business.channels.inboxes:
        try:
            opened[inbox.key] = _open(inbox, tools)
        except InboxOff as reason:
            closed.append(ClosedInbox(inbox.key, str(reason)))
    return opened, closed


def _open(inbox: AnyInbox, tools: InboxTools) -> OpenInbox:  # noqa: PLR0911 - one case a channel
    match inbox:
        case WebChatInbox():
            return open_webchat(inbox, tools)
        case TelegramInbox():
            return open_telegram(inbox, tools)
        case GenericInbox():
            return open_generic(inbox, tools)
        case FaxInbox():
            return open_fax(inbox, tools)
        case PhoneInbox():
            return open_phone(inbox, tools)
        case SmsInbox() | WhatsAppInbox():
            return open_messages(inbox, tools)
        case EmailInbox():
            return open_email(inbox, tools)
