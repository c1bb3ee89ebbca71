"""Intents from a Rasa server (`POST /model/parse`, Rasa 3.6); everything else, and every failure, from our engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import httpx
import structlog

from nlu.breaker import Breaker
from nlu.classifier import TOP, Ranking
from nlu.engine import NluEngine, NluResult, Zone

MODEL_ID = "rasa"
_FALLBACK_INTENT = "nlu_fallback"
# Below 0.3, or nearer than 0.1 to the next, Rasa's own FallbackClassifier gives up; an answer wants more than that.
_ANSWER_AT, _CLARIFY_AT, _AMBIGUOUS = 0.7, 0.3, 0.1

log = structlog.get_logger(__name__)


class RasaError(RuntimeError):
    """The server did not answer as Rasa does."""


@dataclass(frozen=True, slots=True)
class RasaEngine:
    """Keeps the promise of all engines. `native` reads language, entities and signals, and stands in for the server."""

    native: NluEngine
    client: httpx.Client
    breaker: Breaker = field(default_factory=Breaker)

    @classmethod
    def opened(cls, native: NluEngine, url: str, *, token: str | None, timeout_s: float) -> "RasaEngine":
        params = {"token": token} if token else None
        return cls(native, httpx.Client(base_url=url, params=params, timeout=timeout_s))

    @property
    def model_id(self) -> str:
        return MODEL_ID

    def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
        result = self.native.parse(text, languages=languages, hint=hint)
        if not self.breaker.may_try():
            return replace(result, fell_back=True)
        try:
            ranked = self._asked(text)
        except (httpx.HTTPError, RasaError) as error:
            self.breaker.failed()
            log.warning("nlu.rasa.failed", error=type(error).__name__)
            return replace(result, fell_back=True)
        self.breaker.succeeded()
        return replace(result, intents=ranked, zone=zone_of(ranked), model_id=MODEL_ID, clauses=())

    def _asked(self, text: str) -> Ranking:
        answer = self.client.post("/model/parse", json={"text": text})
        answer.raise_for_status()
        try:
            content = answer.json()
            ranking = [(str(entry["name"]), float(entry["confidence"])) for entry in content["intent_ranking"]]
            gave_up = content["intent"]["name"] == _FALLBACK_INTENT
        except (ValueError, KeyError, TypeError) as error:
            raise RasaError("not the shape of /model/parse") from error
        known = tuple((name, round(likely, 4)) for name, likely in ranking if name != _FALLBACK_INTENT)[:TOP]
        if not known:
            raise RasaError("no intent at all")
        return ((known[0][0], min(known[0][1], _CLARIFY_AT)), *known[1:]) if gave_up else known


def zone_of(ranked: Ranking) -> Zone:
    """By the likeliest intent, and by how near the next one is."""
    best, second = ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0.0
    if best >= _ANSWER_AT and best - second >= _AMBIGUOUS:
        return Zone.ANSWER
    return Zone.CLARIFY if best >= _CLARIFY_AT else Zone.HANDOFF
