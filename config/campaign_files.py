"""`campaigns.yml`: when nobody is written to, how often at most, and how fast."""

from datetime import time
from typing import Annotated

from pydantic import Field

from config.words import Strict, Translated

PerMinute = Annotated[int, Field(gt=0, le=100_000)]


class QuietHours(Strict):
    """Nobody is written to from `begin` until `end` by their own clock, nor on the `days` (0 is Monday)."""

    begin: time = time(20)
    end: time = time(9)
    days: list[Annotated[int, Field(ge=0, le=6)]] = [6]


class Cap(Strict):
    """At most so many messages of all campaigns together to one person, in so many days."""

    messages: Annotated[int, Field(gt=0)] = 2
    days: Annotated[int, Field(gt=0)] = 14


class Campaigns(Strict):
    """The whole file. `rates_per_minute` by channel; `footer` ends letters ({link}), `stop_hint` all others."""

    quiet_hours: QuietHours = QuietHours()
    cap: Cap = Cap()
    rates_per_minute: dict[str, PerMinute] = {}
    footer: Translated = {"en": "Unsubscribe: {link}", "ru": "Отписаться: {link}", "es": "Darse de baja: {link}"}
    stop_hint: Translated = {
        "en": "Reply STOP to unsubscribe.", "ru": "Чтобы отписаться, ответьте СТОП.",
        "es": "Responda BAJA para no recibir más.",
    }  # fmt: skip

    def rate_of(self, channel: str) -> int:
        return self.rates_per_minute.get(channel, 30)
