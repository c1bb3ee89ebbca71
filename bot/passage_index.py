"""The passages of one language, precomputed: which of them fits a question best, and how surely."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.passages import Section
from bot.stems import Words

# BM25F (Robertson & Zaragoza, “The Probabilistic Relevance Framework”, 2009): k1, b, and what a word counts by field.
_SATURATION, _LENGTH = 1.2, 0.3
_TITLE, _ALSO, _DOCUMENT, _BODY = 3.0, 2.5, 0.8, 0.8
# Evidence for a passage is set against the words it lacks and against the little that one word proves.
_MISSED_WORTH, _DOUBT, _FULL_SHARE = 0.25, 6.0, 0.5
_GOODS_WORTH = 0.5
_FEWEST_SECTIONS = 50  # a smaller collection does not show how common a word is
_KIN_LETTERS, _KIN_ENDING, _KIN_WORTH = 5, 3, 0.75
_TYPO_LETTERS, _TYPO_LENGTHS, _TYPO_LIKENESS, _SWAPPED_LIKENESS = 4, 2, 0.65, 0.8
_SENTENCE_END = re.compile(r"[.!?…\n]+")
_MOST_SENTENCES, _FEWEST_WORDS = 8, 2

Likeness = Mapping[str, float]
Found = tuple[int, float]


class PassageIndex:
    """`goods` are words for what the company sells: they say what a question is about, seldom what it asks."""

    def __init__(self, language: str, sections: Sequence[Section], goods: str = "") -> None:
        self.language, self.sections = language, tuple(sections)
        self._words = Words(language)
        weights = [_field_weights(section, self._words.learn) for section in sections]
        self._goods = frozenset(self._words.stem(word) for word in self._words.topical(goods))
        self._postings = _postings(weights)
        self._idf = {stem: self._idf_of(stem, len(found)) for stem, found in self._postings.items()}
        self._unknown_idf = self._idf_of("", 0)
        self._by_start = _by_start(self._postings)
        self._kin = {stem: {**self._kin_of(stem), stem: 1.0} for stem in self._postings}
        self._by_shape = _by_shape(self._words.known)
        self._wordings = self._all_wordings()

    def best(self, question: str, *, literally: bool = False) -> tuple[Section, float] | None:
        """The section that fits the question or one of its sentences best, and how well, 0 to 1.

        `literally` leaves out misspelt and kindred words, for a question that may be in another language.
        """
        best: Found | None = None
        for words in self._asked(question):
            found = self._best_of(words, literally=literally)
            if found is not None and (best is None or found[1] > best[1]):
                best = found
        return None if best is None else (self.sections[best[0]], best[1])

    def _asked(self, question: str) -> list[list[str]]:
        """The topical words of the whole question and of each sentence that has enough of them to stand alone."""
        whole = self._words.topical(question)
        sentences = _SENTENCE_END.split(question)[:_MOST_SENTENCES]
        parts = (self._words.topical(sentence) for sentence in sentences)
        return [whole, *(part for part in parts if _FEWEST_WORDS <= len(part) < len(whole))]

    def _all_wordings(self) -> dict[frozenset[str], int]:
        """Section by the stems of its title, its document's title, and other wordings of two words or more.

        The first one wins, so that a document's first section answers its mere title.
        """
        titles = [(number, section.title, 1) for number, section in enumerate(self.sections)]
        titles += [(number, section.document, 1) for number, section in enumerate(self.sections)]
        others = [
            (number, wording, 2) for number, section in enumerate(self.sections) for wording in section.also.split(",")
        ]
        wordings: dict[frozenset[str], int] = {}
        for number, text, fewest in titles + others:
            stems = frozenset(self._words.known[word] for word in self._words.topical(text))
            if len(stems) >= fewest:
                wordings.setdefault(stems, number)
        return wordings

    def _idf_of(self, stem: str, found: int) -> float:
        sections = max(len(self.sections), _FEWEST_SECTIONS)
        idf = math.log(1 + (sections - found + 0.5) / (found + 0.5))
        return idf * _GOODS_WORTH if stem in self._goods else idf

    def _best_of(self, words: Sequence[str], *, literally: bool) -> Found | None:
        likes = [self._like(word, literally=literally) for word in words]
        exact = self._wordings.get(frozenset(max(like, key=like.__getitem__) for like in likes if like))
        if exact is not None and all(likes):
            return exact, 1.0
        return self._weigh(likes)

    def _weigh(self, likes: Sequence[Likeness]) -> Found | None:
        asked = 0.0
        found: dict[int, float] = defaultdict(float)
        touched: dict[int, float] = defaultdict(float)
        for like in likes:
            weight = max((self._idf[stem] for stem in like), default=self._unknown_idf)
            asked += weight
            for number, share in self._shares(like).items():
                found[number] += weight * share
                touched[number] += weight * min(1.0, share / _FULL_SHARE)
        scores = {number: _score(held, asked - touched[number]) for number, held in found.items()}
        best = max(scores, key=lambda number: (scores[number], -number), default=None)
        return None if best is None else (best, scores[best])

    def _shares(self, like: Likeness) -> dict[int, float]:
        """How well each section speaks of any of these stems, 0 to 1."""
        shares: dict[int, float] = {}
        for stem, worth in like.items():
            for number, share in self._postings[stem]:
                shares[number] = max(shares.get(number, 0.0), share * worth)
        return shares

    def _like(self, word: str, *, literally: bool) -> Likeness:
        """The documents' stems that mean `word`, with their likeness: itself, its kin, or what it may misspell."""
        known = self._words.known.get(word)
        if literally or known is not None:
            return self._kin.get(known or "", {})
        stem = self._words.stem(word)
        if stem in self._kin:
            return self._kin[stem]
        return self._kin_of(stem) or self._typo_of(word)

    def _kin_of(self, stem: str) -> Likeness:
        """Words of one root that the stemmer keeps apart (deliver and delivery): a long common beginning."""
        near = self._by_start.get(stem[:_KIN_LETTERS], ())
        return {other: _KIN_WORTH for other in near if other != stem and _akin(stem, other)}

    def _typo_of(self, word: str) -> Likeness:
        pairs = _letter_pairs(word)
        best, likeness = "", 0.0
        for length in range(len(word) - _TYPO_LENGTHS, len(word) + _TYPO_LENGTHS + 1):
            for other, others_pairs in self._by_shape.get((word[0], length), ()):
                swapped = length == len(word) and sorted(other) == sorted(word)
                shared = 2 * len(pairs & others_pairs) / (len(pairs) + len(others_pairs))
                like = max(shared, _SWAPPED_LIKENESS * swapped)
                if like > likeness:
                    best, likeness = other, like
        return {self._words.known[best]: likeness} if likeness >= _TYPO_LIKENESS else {}


def _field_weights(section: Section, learn: Callable[[str], list[str]]) -> dict[str, float]:
    weights: dict[str, float] = defaultdict(float)
    fields = ((section.title, _TITLE), (section.also, _ALSO), (section.document, _DOCUMENT), (section.text, _BODY))
    for text, weight in fields:
        for stem in learn(text):
            weights[stem] += weight
    return weights


def _postings(counts: Sequence[Mapping[str, float]]) -> dict[str, list[Found]]:
    """For each stem the sections that have it, with its BM25 weight there scaled to 0 … 1."""
    mean = sum(sum(weights.values()) for weights in counts) / max(1, len(counts))
    postings: dict[str, list[Found]] = defaultdict(list)
    for number, weights in enumerate(counts):
        damping = _SATURATION * (1 - _LENGTH + _LENGTH * sum(weights.values()) / mean)
        for stem, weight in weights.items():
            postings[stem].append((number, weight / (weight + damping)))
    return dict(postings)


def _score(found: float, missed: float) -> float:
    return found / (found + _MISSED_WORTH * missed + _DOUBT)


def _by_start(stems: Iterable[str]) -> dict[str, list[str]]:
    by_start: dict[str, list[str]] = defaultdict(list)
    for stem in stems:
        if len(stem) >= _KIN_LETTERS:
            by_start[stem[:_KIN_LETTERS]].append(stem)
    return dict(by_start)


def _akin(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    common = max(_KIN_LETTERS, len(shorter) - 1)
    return len(longer) - common <= _KIN_ENDING and one[:common] == other[:common]


def _letter_pairs(word: str) -> frozenset[str]:
    framed = f"^{word}$"
    return frozenset(framed[at : at + 2] for at in range(len(framed) - 1))


def _by_shape(words: Iterable[str]) -> dict[tuple[str, int], list[tuple[str, frozenset[str]]]]:
    """Words by first letter and length: what people misspell keeps the first and nearly keeps the second."""
    by_shape: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = defaultdict(list)
    for word in words:
        if len(word) >= _TYPO_LETTERS:
            by_shape[word[0], len(word)].append((word, _letter_pairs(word)))
    return dict(by_shape)
