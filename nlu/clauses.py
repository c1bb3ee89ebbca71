"""Several wishes in one text: it is cut where a new one may begin, and each part is understood by itself."""

import re
from collections.abc import Sequence
from dataclasses import replace

from nlu.classifier import Ranking
from nlu.engine import Clause, Entity, Zone

MOST_CLAUSES = 3
_LONGEST_CHARACTERS = 600  # several wishes in a letter are a matter for a person
_FEWEST_WORDS = 2
_ORDER = "order_number"
_LEAST_MARGIN = -0.6  # by words; below, they say nothing of a wish
_LIKELY = 0.6  # beside an order number a likely wish is sure enough
_AND = {
    "en": r"(?:and|also|plus|then)\s+(?:also\s+|then\s+)?",
    "ru": r"(?:и|а|также|ещ[её]|потом)\s+(?:ещ[её]\s+|также\s+|потом\s+)?",
    "es": r"(?:y|e|también|tambien|además|ademas|luego)\s+(?:también\s+|luego\s+)?",
}
_CUT = {language: re.compile(rf"[.?!;]+\s+|,?\s+{word}|,\s+", re.IGNORECASE) for language, word in _AND.items()}
# “The table and the chairs are broken”: “the table” is no wish.
_SMALL_WORDS = frozenset(
    {"a", "an", "the", "my", "our", "this", "that", "these", "two", "one",
     "мой", "моя", "мои", "наш", "наша", "это", "этот", "эта", "два", "две", "один",
     "el", "la", "los", "las", "un", "una", "mi", "mis", "nuestro", "nuestra", "este", "esta", "dos"}
)  # fmt: skip
# Words that go with a wish and are none themselves.
_NO_WISHES = frozenset(
    {"greeting", "thanks", "goodbye", "affirm", "deny", "inform", "positive_feedback", "small_talk", "abusive",
     "bot_challenge", "back", "start_over", "cancel_dialogue", "change_language", "complaint", "help", "out_of_scope"}
)  # fmt: skip


def parts_of(text: str, entities: Sequence[Entity], language: str) -> list[tuple[int, int]]:
    """Spans that may each hold a wish: two or three, or none. No cut goes through an entity.

    A comma alone parts only what speaks of two orders: most commas part nothing.
    """
    if len(text) > _LONGEST_CHARACTERS:
        return []
    orders = [entity.start for entity in entities if entity.kind == _ORDER]
    spans, start = [], 0
    for match in _CUT.get(language, _CUT["en"]).finditer(text):
        inside = any(entity.start < match.end() and match.start() < entity.end for entity in entities)
        only_comma = match[0].strip() == "," and not (orders and orders[0] < match.start() < orders[-1])
        if inside or only_comma or not _may_be_a_wish(text[start : match.start()]):
            continue
        spans.append((start, match.start()))
        start = match.end()
    if _may_be_a_wish(text[start:]):
        spans.append((start, len(text)))
    return spans if 1 < len(spans) <= MOST_CLAUSES else []


def _may_be_a_wish(part: str) -> bool:
    return sum(word not in _SMALL_WORDS for word in part.lower().split()) >= _FEWEST_WORDS


def entities_in(entities: Sequence[Entity], start: int, end: int) -> tuple[Entity, ...]:
    """Those of a span, their places counted from its start."""
    inside = (entity for entity in entities if start <= entity.start and entity.end <= end)
    return tuple(replace(entity, start=entity.start - start, end=entity.end - start) for entity in inside)


def may_hold_several(guesses: Sequence[tuple[str, float]], orders: int) -> bool:
    """Whether parts are worth reading by the encoders, each as dear as the whole: by the intent and margin that the
    words alone give each of them. `orders` is how many parts name an order.
    """
    wishes = {intent for intent, margin in guesses if margin >= _LEAST_MARGIN and intent not in _NO_WISHES}
    return len(wishes) > 1 or orders > 1


def clauses_of(
    parts: Sequence[tuple[int, int]], judged: Sequence[tuple[Ranking, Zone]], entities: Sequence[Entity]
) -> tuple[Clause, ...]:
    """The parts that hold a sure wish, when they hold different ones; a wish said again in other words counts once."""
    kept: dict[tuple[str, str | None], Clause] = {}
    for (start, end), (ranked, zone) in zip(parts, judged, strict=True):
        own = tuple(entity for entity in entities if start <= entity.start and entity.end <= end)
        number = next((entity.value for entity in own if entity.kind == _ORDER), None)
        intent = ranked[0][0]
        said_before = number is None and any(known == intent for known, _ in kept)
        is_sure = zone is Zone.ANSWER or (number is not None and ranked[0][1] >= _LIKELY)
        if is_sure and intent not in _NO_WISHES and not said_before:
            kept.setdefault((intent, number), Clause(ranked, zone, own, start, end))
    return tuple(kept.values()) if len(kept) > 1 else ()
