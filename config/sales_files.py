"""`sales.yml`: the stages a lead goes through, and why one is lost."""

from typing import Annotated

from pydantic import Field

from config.words import Key, Strict, Translated


class Stage(Strict):
    """In the order of the file; `chance` in percent weighs the value of what is open."""

    key: Key
    name: Translated
    chance: Annotated[int, Field(ge=0, le=100)] = 50


class LostReason(Strict):
    key: Key
    name: Translated


class Sales(Strict):
    """The whole file."""

    stages: Annotated[list[Stage], Field(min_length=1, max_length=8)] = [
        Stage(key="new", name={"en": "New", "ru": "Новый", "es": "Nuevo"}, chance=10),
        Stage(key="qualified", name={"en": "Qualified", "ru": "Есть интерес", "es": "Cualificado"}, chance=30),
        Stage(key="offered", name={"en": "Offer made", "ru": "Сделано предложение", "es": "Oferta hecha"}, chance=60),
    ]  # fmt: skip
    lost_reasons: list[LostReason] = [
        LostReason(key="price", name={"en": "Price", "ru": "Цена", "es": "Precio"}),
        LostReason(key="no_answer", name={"en": "No answer", "ru": "Не отвечает", "es": "No responde"}),
        LostReason(key="other", name={"en": "Another reason", "ru": "Другая причина", "es": "Otro motivo"}),
    ]  # fmt: skip
