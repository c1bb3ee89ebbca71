"""Who the company is: `company.yml`."""

from typing import Annotated

from pydantic import Field

from config.words import Key, LanguageCode, Strict, TimeZone, Translated


class Company(Strict):
    """`company.yml`."""

    name: str
    tagline: Translated
    languages: Annotated[list[LanguageCode], Field(min_length=1)]
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    time_zone: TimeZone
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    accent_colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] = "#3450c8"
    email: str
    phone: str
    address: Translated
    dispositions: dict[Key, Translated]
