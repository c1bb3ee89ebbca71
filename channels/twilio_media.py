"""Files that Twilio keeps for us: asked of this account alone, our login sent to Twilio's own host and nowhere else."""

import mimetypes
from dataclasses import dataclass

from channels.fetch import Fetched, Guard, Limits, basic_auth, fetch
from channels.twilio_rest import TwilioRest
from crm_core.contracts import Attachment, RemoteFile
from crm_core.errors import Forbidden

LIMITS = Limits(most_bytes=16 * 1024 * 1024)
OPEN_INTERNET = Guard()


@dataclass(frozen=True, slots=True)
class TwilioMedia:
    """`guard` keeps redirects in the open internet; a double on this machine needs another."""

    rest: TwilioRest
    guard: Guard = OPEN_INTERNET

    async def fetch(self, file: RemoteFile) -> Attachment:
        """Raises Forbidden for an address outside the account, and what `channels.fetch` raises."""
        if not file.ref.startswith(f"{self.rest.url('')}/"):
            raise Forbidden("The file's address is not the provider's.")
        account = self.rest.account
        found = await fetch(file.ref, LIMITS, self.guard, headers=basic_auth(account.sid, account.tokens[0]))
        return _attachment(found, file)


def _attachment(found: Fetched, file: RemoteFile) -> Attachment:
    kind = found.content_type.partition(";")[0].strip().lower() or file.content_type
    ending = mimetypes.guess_extension(kind) or ".bin"
    name = file.name if "." in file.name else f"{file.name}{ending}"
    return Attachment(name, kind, found.content)
