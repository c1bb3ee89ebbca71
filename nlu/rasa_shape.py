"""Our result as Rasa 3.6.21 answers `POST /model/parse`, so that bots made for Rasa can ask us instead.

Each rule was read off a running server: `tests/bot/test_rasa_parity.py` compares them.
"""

import json
import re
from collections.abc import Mapping, Sequence

from nlu.engine import NluResult, Zone
from nlu.rasa_answer import FALLBACK_INTENT

SPOKEN_VERSION = "3.6.21"
# Its FallbackClassifier as `rasa init` writes it; where it gives up it names its own threshold for a confidence.
_GAVE_UP_AT, _AMBIGUOUS = 0.3, 0.1
_EXTRACTOR = "SwitchboardGrammars"
_TOKENISED_CHARACTERS = 4_000  # what is classified; the patterns below are not linear
_COMMAND = re.compile(r"/(?P<name>[^{@]+)(?P<confidence>@[0-9.]+)?(?P<entities>\{.+\})?")
# The rule of Rasa's WhitespaceTokenizer (Apache License 2.0): what is cut away around and between words.
_NO_WORD = re.compile(
    r"[^\w#@&]+(?=\s|$)|(\s|^)[^\w#@&]+(?=[^0-9\s])|(?<=[^0-9\s])[^\w._~:/?#\[\]()@!$&*+,;=-]+(?=[^0-9\s])"
)
_EMOJI = re.compile(
    "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff\U0001f680-\U0001f6ff\U0001f1e0-\U0001f1ff"
    "\u2702-\u27b0\u24c2-\U0001f251\u200d\u200c]+"
)
_SELECTOR = {
    "all_retrieval_intents": [],
    "default": {
        "response": {
            "responses": None, "confidence": 0.0, "intent_response_key": None, "utter_action": "utter_None"
        },
        "ranking": [],
    },
}  # fmt: skip


def rasa_shape(text: str, result: NluResult) -> Mapping[str, object]:
    """The fields a Rasa server gives, in its types. `text` is without spaces around it, as Rasa takes it.

    Where a person should answer, or by the rule of Rasa's default pipeline, the intent is `nlu_fallback` and ours come
    after it: the rules of its bots wait for that name.
    """
    ranking = [_intent(name, confidence) for name, confidence in result.intents]
    if _gave_up(result):
        ranking.insert(0, _intent(FALLBACK_INTENT, _GAVE_UP_AT))
    entities = [
        {"entity": one.kind, "start": one.start, "end": one.end, "value": one.value, "extractor": _EXTRACTOR}
        for one in result.entities
    ]
    return {
        "text": text,
        "intent": ranking[0],
        "entities": entities,
        "text_tokens": tokens(text[:_TOKENISED_CHARACTERS]),
        "intent_ranking": ranking,
        "response_selector": _SELECTOR,
    }


def _gave_up(result: NluResult) -> bool:
    second = result.intents[1][1] if len(result.intents) > 1 else 0.0
    is_unsure = result.confidence < _GAVE_UP_AT or result.confidence - second < _AMBIGUOUS
    return is_unsure or result.zone is Zone.HANDOFF


def _intent(name: str, confidence: float) -> dict[str, object]:
    return {"name": name, "confidence": confidence}


def tokens(text: str) -> Sequence[Sequence[int]]:
    """Start and end of each word; of the whole text where there is none."""
    words = [word for word in _NO_WORD.sub(" ", text).split() if not _EMOJI.fullmatch(word)] or [text]
    spans, position = [], 0
    for word in words:
        start = text.index(word, position)
        position = start + len(word)
        spans.append([start, position])
    return spans


def command_shape(text: str) -> Mapping[str, object] | None:
    """Of `/intent@0.5{"entity": "value"}`, which Rasa takes at its word; None for any other text."""
    match = _COMMAND.match(text)
    if match is None:
        return None
    intent = _intent(match["name"].strip(), _confidence(match["confidence"]))
    named = _named_entities(match["entities"])
    pairs = [(kind, one) for kind, told in named.items() for one in (told if isinstance(told, list) else [told])]
    start, end = match.span("entities")
    entities = [
        {"entity": kind, "value": value, "start": start, "end": end, "extractor": "RegexMessageHandler"}
        for kind, value in pairs
    ]
    return {"text": text, "intent": intent, "entities": entities, "intent_ranking": [intent]}


def _confidence(told: str | None) -> float:
    if told is None:
        return 1.0
    try:
        return min(1.0, float(told[1:]))
    except ValueError:
        return 0.0


def _named_entities(told: str | None) -> Mapping[str, object]:
    try:
        named = json.loads(told or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return {}
    return named if isinstance(named, dict) else {}


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON, and could not be answered


def failure_shape(status: int, reason: str, message: str, help_url: str | None = None) -> Mapping[str, object]:
    return {
        "version": SPOKEN_VERSION, "status": "failure", "message": message, "reason": reason, "details": {},
        "help": help_url, "code": status,
    }  # fmt: skip
