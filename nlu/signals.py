"""How a message is felt and whether it can wait: for the order of the queue, never for the dialogue.

Words decide; where they say nothing, what the message is about does: a complaint in plain words is one all the same.
"""

import re
from dataclasses import replace

from nlu.engine import Sentiment, Signals
from nlu.normalise import normalise
from nlu.words.lists import any_of

READ_CHARACTERS = 4_000
_SHOUTED = re.compile(r"\b[A-ZА-ЯЁÁÉÍÓÚÑ]{4,}\b")
_FEWEST_SHOUTED = 3
_URGENT, _WORSE, _BETTER = (any_of(name) for name in ("urgent", "worse", "better"))
_NOT = re.compile(r"\b(?:not|no|never|isn't|wasn't|don't|didn't|не|нет|ни|nunca|tampoco|sin)\s+(?:\w+\s+){0,2}$")
_GLAD, _CROSS = re.compile("[😀😃😄😊🙂😍🥰👍🎉❤💖]"), re.compile("[😠😡🤬👎😤😢😭💢]")
_BEFORE = 30
_FELT = {
    **dict.fromkeys(("complaint", "abusive", "damaged_item", "wrong_item"), Sentiment.NEGATIVE),
    "positive_feedback": Sentiment.POSITIVE,
}
_LIKELY = 0.5


def signals_of(text: str) -> Signals:
    """Only the first 4,000 characters are read."""
    read = text[:READ_CHARACTERS]
    words = normalise(read)
    worse = _counted(_WORSE, words, turned=False) + _counted(_BETTER, words, turned=True) + len(_CROSS.findall(read))
    better = _counted(_BETTER, words, turned=False) + _counted(_WORSE, words, turned=True) + len(_GLAD.findall(read))
    worse += len(_SHOUTED.findall(read)) >= _FEWEST_SHOUTED or (read.count("!") >= _FEWEST_SHOUTED and not better)
    is_urgent = any(not _is_denied(words, match.start()) for match in _URGENT.finditer(words))
    return Signals(is_urgent, _sentiment(worse, better))


def felt_as(signals: Signals, intent: str, likelihood: float) -> Signals:
    """`signals` of the words, with the feeling that goes with the intent where the words have none."""
    if signals.sentiment is not Sentiment.NEUTRAL or likelihood < _LIKELY:
        return signals
    return replace(signals, sentiment=_FELT.get(intent, Sentiment.NEUTRAL))


def _sentiment(worse: int, better: int) -> Sentiment:
    if worse > better:
        return Sentiment.NEGATIVE
    return Sentiment.POSITIVE if better > worse else Sentiment.NEUTRAL


def _counted(pattern: re.Pattern[str], words: str, *, turned: bool) -> int:
    """Words of a list that stand as they are, or `turned` by a “not” before them."""
    return sum(_is_denied(words, match.start()) is turned for match in pattern.finditer(words))


def _is_denied(words: str, at: int) -> bool:
    return _NOT.search(words[max(0, at - _BEFORE) : at]) is not None
