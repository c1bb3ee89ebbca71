"""Is this request from the carrier, and about a call of ours?"""

from dataclasses import dataclass

from channels.protocol import ChannelRequest
from channels.twilio_signature import TwilioAccount, form_of


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number of ours at a carrier that signs as Twilio does."""

    account: TwilioAccount
    number: str

    def form_of(self, request: ChannelRequest) -> dict[str, str] | None:
        """The request's fields; None unless it is signed, of this account, and from or to this number."""
        if not self.account.is_signed(request):
            return None
        form = {name: value.replace("\x00", "") for name, value in reversed(form_of(request))}
        is_ours = form.get("AccountSid") == self.account.sid and form.get("CallSid", "")
        about_us = self.number in {form.get(name) for name in ("To", "From", "Called", "Caller")}
        return form if is_ours and (about_us or "RecordingSid" in form) else None
