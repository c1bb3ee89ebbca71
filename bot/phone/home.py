"""What every call of one number shares."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import phonenumbers

from bot.dialogue.moments import week_day
from bot.intake_door import IntakeDoor
from bot.services import Services
from channels.phone.transfer import Legs
from config.inboxes import PhoneInbox
from crm_core.call_legs import Telephones
from crm_core.contacts import ANY_COUNTRY, canonical_phone
from crm_core.contracts import Address, AddressKind, InboxId
from crm_core.errors import InvalidInput
from crm_core.hours import hours_of

ASK_RECORDING = "phone_ask_recording"  # where the company has a text of its own (consents.yml), that one is said
SPEAKS = {
    "ru": frozenset({"RU", "BY", "KZ", "KG"}),
    "es": frozenset({"ES", "MX", "AR", "CO", "PE", "CL", "EC", "UY", "PY", "BO", "VE", "CR", "PA", "GT", "HN", "NI"}),
    "en": frozenset({"GB", "US", "IE", "AU", "NZ", "CA"}),
}


@dataclass(frozen=True, slots=True)
class PhoneHome:
    """One number of `channels.yml` with everything its calls need."""

    services: Services
    door: IntakeDoor
    inbox: PhoneInbox
    legs: Legs

    @property
    def inbox_id(self) -> InboxId:
        return self.services.inbox_ids[self.inbox.key]

    @property
    def languages(self) -> list[str]:
        return self.services.business.company.languages

    def say(self, key: str, language: str, **values: object) -> str:
        own = self.services.business.consents.text("recording", language) if key == ASK_RECORDING else None
        return own or self.services.turn.dialogue.replies.say(key, language, 0, **values)

    @property
    def telephones(self) -> Telephones:
        return Telephones(frozenset(self.inbox.agents))

    def may_call(self, number: str) -> bool:
        """Only numbers that begin as allowed: whoever could make us call anywhere could make us pay for it."""
        is_number = number.startswith("+") and number[1:].isdecimal()
        return is_number and any(number.startswith(prefix) for prefix in self.inbox.callback_prefixes)

    def language_of(self, number: str) -> str:
        """The number's own, else what is spoken where the caller's number is from, else the company's first."""
        if self.inbox.language in self.languages:
            return self.inbox.language or self.languages[0]
        try:
            region = phonenumbers.region_code_for_number(phonenumbers.parse(number, ANY_COUNTRY))
        except phonenumbers.NumberParseException:
            region = None
        spoken = (language for language, regions in SPEAKS.items() if region in regions and language in self.languages)
        return next(spoken, self.languages[0])

    def opens(self, now: datetime, language: str) -> str | None:
        """When people come, in words; None while they are here, empty when nobody comes for long."""
        hours = hours_of(self.services.business.hours.main)
        if hours.is_open(now):
            return None
        opening = hours.next_opening(now)
        if opening is None:
            return ""
        local = opening.astimezone(ZoneInfo(self.services.business.company.time_zone))
        return f"{week_day(local.date(), language)}, {local:%H:%M}"


def address_of(caller: str, external_id: str) -> Address:
    """The caller's number; who withholds it is somebody else every time."""
    try:
        return Address(AddressKind.TEL, canonical_phone(caller, ANY_COUNTRY))
    except InvalidInput:
        return Address(AddressKind.TEL, f"anonymous-{external_id}")
