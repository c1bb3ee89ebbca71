"""The generic channel as an inbox."""

import httpx

from bot.inboxes.parts import InboxOff, InboxTools, OpenInbox
from channels.generic import GenericChannel
from channels.protocol import Probe
from config.inboxes import GenericInbox

LEAST_SECRET = 32
PROBE_TIMEOUT_S = 5.0


def open_generic(inbox: GenericInbox, tools: InboxTools) -> OpenInbox:
    """Raises InboxOff without a secret that cannot be guessed."""
    secret = tools.secret(inbox.key, inbox.secret_env).encode()
    if len(secret) < LEAST_SECRET:
        told = f"must have {LEAST_SECRET} characters or more; make one with `openssl rand -hex 32`"
        raise InboxOff(f"The inbox “{inbox.key}” is off: {inbox.secret_env} {told}.")
    deliver_to = str(inbox.deliver_to) if inbox.deliver_to is not None else None
    channel = GenericChannel(inbox.key, secret, deliver_to)

    async def probe() -> Probe:
        return await probed(deliver_to, tools.webhook_url(inbox.key))

    return OpenInbox(inbox.key, channel, probe=probe, close=channel.close)


async def probed(deliver_to: str | None, webhook_url: str) -> Probe:
    """Whether anybody listens where replies are posted; any answer will do, since nothing is sent."""
    takes = f"generic: takes messages at {webhook_url}"
    if deliver_to is None:
        return Probe(f"{takes}; replies go nowhere", "set `deliver_to` to where replies should be posted")
    try:
        async with httpx.AsyncClient(timeout=PROBE_TIMEOUT_S) as client:
            await client.head(deliver_to)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Probe(f"{takes}; {deliver_to} does not answer ({type(error).__name__})", "start your receiver there")
    return Probe(f"{takes}; replies go to {deliver_to}")
