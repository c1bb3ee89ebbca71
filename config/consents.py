"""What customers are asked to agree to: `consents.yml`. A changed text is a new version; the old ones stay readable."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.words import Key, LanguageCode, Strict, Translated

ConsentText = Annotated[str, Field(min_length=1, max_length=2_000)]


class Consent(Strict):
    """`key` is where it is asked: `recording` before a call is recorded, `chat` under the chat's field."""

    key: Key
    name: Translated
    text: dict[LanguageCode, ConsentText]


class Consents(Strict):
    consents: list[Consent] = []

    def text(self, key: str, language: str) -> str | None:
        consent = next((each for each in self.consents if each.key == key), None)
        return consent.text.get(language) if consent is not None else None

    @model_validator(mode="after")
    def _once(self) -> Self:
        keys = [consent.key for consent in self.consents]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"the consent “{twice}” stands twice")
        return self
