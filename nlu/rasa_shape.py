"""Our result in the shape of Rasa 3.6.21's `POST /model/parse`, so that bots made for Rasa can ask us instead."""

import re
from collections.abc import Mapping

from nlu.engine import NluResult

_TOKEN = re.compile(r"\S+")
_EXTRACTOR = "SwitchboardEntityExtractor"


def rasa_shape(text: str, result: NluResult) -> Mapping[str, object]:
    """The fields a Rasa server gives, in its types."""
    return {
        "text": text,
        "intent": {"name": result.intent, "confidence": result.confidence},
        "entities": [
            {
                "entity": entity.kind, "start": entity.start, "end": entity.end, "confidence_entity": 1.0,
                "value": entity.value, "extractor": _EXTRACTOR,
            }
            for entity in result.entities
        ],
        "text_tokens": [[match.start(), match.end()] for match in _TOKEN.finditer(text)],
        "intent_ranking": [{"name": name, "confidence": likely} for name, likely in result.intents],
        "response_selector": {
            "all_retrieval_intents": [],
            "default": {
                "response": {
                    "responses": None, "confidence": 0.0, "intent_response_key": None, "utter_action": "utter_None"
                },
                "ranking": [],
            },
        },
    }  # fmt: skip
