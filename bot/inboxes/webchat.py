"""The web chat as an inbox: its routes are its own, so only the adapter is opened here."""

from bot.inboxes.parts import InboxTools, OpenInbox
from bot.secret import derived_key
from channels.protocol import Probe
from channels.webchat import WebChat
from channels.webchat_identity import VisitorTokens
from config.inboxes import WebChatInbox


def open_webchat(inbox: WebChatInbox, tools: InboxTools) -> OpenInbox:
    async def probe() -> Probe:
        return Probe(f"webchat: on; the widget answers at {tools.settings.base_url}/chat")

    channel = WebChat(inbox.key, VisitorTokens(derived_key(tools.key, "visitor")))
    return OpenInbox(inbox.key, channel, probe=probe)
