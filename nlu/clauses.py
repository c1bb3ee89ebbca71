"""Several wishes in one text: it is cut where a new one may begin, and each part is understood by itself."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from nlu.classifier import Ranking
from nlu.engine import Clause, Entity, Zone

MOST_CLAUSES = 3
_SEARCHED_CHARACTERS = 600  # several wishes in a letter are a matter for a person
_SHORTEST = 6
_FEWEST_WORDS = 2
_AND = {
    "en": r"(?:and|also|plus|then)\s+(?:also\s+|then\s+)?",
    "ru": r"(?:и|а|также|ещ[её]|потом)\s+(?:ещ[её]\s+|также\s+|потом\s+)?",
    "es": r"(?:y|e|también|tambien|además|ademas|luego)\s+(?:también\s+|luego\s+)?",
}
_CUT = {language: re.compile(rf"[.?!;]+\s+|,?\s+{word}|,\s+", re.IGNORECASE) for language, word in _AND.items()}
# Words that go with a wish and are none themselves.
_NO_WISHES = frozenset(
    {"greeting", "thanks", "goodbye", "affirm", "deny", "inform", "positive_feedback", "small_talk", "abusive",
     "bot_challenge", "back", "start_over", "cancel_dialogue", "change_language", "complaint", "help"}
)  # fmt: skip

Understand = Callable[[str, Sequence[Entity]], tuple[Ranking, Zone]]


def clauses_of(text: str, entities: Sequence[Entity], language: str, understand: Understand) -> tuple[Clause, ...]:
    """Two or three clauses that each hold another sure wish, or none."""
    if len(text) > _SEARCHED_CHARACTERS:
        return ()
    spans = _spans(text, entities, language)
    if len(spans) < 2:  # noqa: PLR2004 - one part is the text itself
        return ()
    found: list[Clause] = []
    for start, end in spans:
        own = [_moved(entity, -start) for entity in entities if start <= entity.start and entity.end <= end]
        ranked, zone = understand(text[start:end], own)
        if zone is Zone.ANSWER and ranked[0][0] not in _NO_WISHES:
            found.append(Clause(ranked, zone, tuple(_moved(entity, start) for entity in own), start, end))
    wishes = _different(found)
    return tuple(wishes[:MOST_CLAUSES]) if len(wishes) > 1 else ()


def _spans(text: str, entities: Sequence[Entity], language: str) -> list[tuple[int, int]]:
    """Parts between the cuts; no cut goes through an entity, and a part too short to be a wish joins the next."""
    spans, start = [], 0
    for match in _CUT.get(language, _CUT["en"]).finditer(text):
        inside = any(entity.start < match.end() and match.start() < entity.end for entity in entities)
        part = text[start : match.start()]
        if inside or len(part) < _SHORTEST or len(part.split()) < _FEWEST_WORDS:
            continue
        spans.append((start, match.end()))
        start = match.end()
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def _different(clauses: Sequence[Clause]) -> list[Clause]:
    """One clause for each wish and order: a wish that is only said again in other words counts once."""
    kept: dict[tuple[str, str | None], Clause] = {}
    for clause in clauses:
        number = next((entity.value for entity in clause.entities if entity.kind == "order_number"), None)
        intent = clause.intents[0][0]
        said_before = number is None and any(known == intent for known, _ in kept)
        if not said_before:
            kept.setdefault((intent, number), clause)
    return list(kept.values())


def _moved(entity: Entity, by: int) -> Entity:
    return replace(entity, start=entity.start + by, end=entity.end + by)
