"""Dates, amounts and numbers in what an agent writes in practice: the same recognisers that read customers."""

from collections.abc import Sequence
from datetime import date

from crm_core.practice_judging import Found, Recognise
from nlu.entities import found_entities
from nlu.shapes import Shapes


def recogniser(shapes: Shapes) -> Recognise:
    """By the numbers of this company."""

    def recognise(text: str, language: str, today: date) -> Sequence[Found]:
        entities = found_entities(text, language=language, shapes=shapes, today=today)
        return tuple(Found(entity.kind, entity.value, entity.start, entity.end) for entity in entities if entity.kind)

    return recognise
