"""The list of channels, written out: which opener makes which kind of inbox."""

from bot.inboxes.email import open_email
from bot.inboxes.parts import ClosedInbox, InboxOff, InboxTools, OpenInbox
from bot.inboxes.webchat import open_webchat
from config.inboxes import AnyInbox, EmailInbox, WebChatInbox


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


def _open(inbox: AnyInbox, tools: InboxTools) -> OpenInbox:
    match inbox:
        case WebChatInbox():
            return open_webchat(inbox, tools)
        case EmailInbox():
            return open_email(inbox, tools)
