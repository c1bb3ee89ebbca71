"""Hands what a mail became to the core; a mail that the core refuses is kept as its original, never dropped."""

from collections.abc import Sequence

import structlog

from channels.email_inbound import unreadable
from channels.protocol import Receive
from crm_core.contracts import Incoming
from crm_core.errors import SwitchboardError

log = structlog.get_logger(__name__)


async def take(raw: bytes, found: Sequence[Incoming], receive: Receive) -> None:
    """Stored for good when this returns. Raises what may be tried again."""
    try:
        for incoming in found:
            await receive(incoming)
    except SwitchboardError as error:
        if error.retryable:
            raise
        log.warning("mail.kept_as_original", code=error.code)
        await receive(unreadable(raw))
