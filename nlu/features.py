"""TF-IDF of word 1-2-grams and character 3-5-grams inside words: the same code in training and serving."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(r"[\w']+|[?]|[\u2600-\u27bf\U0001f300-\U0001faff]")
_SHORTEST, _LONGEST = 3, 5
_LONGEST_WORD = 40  # a longer “word” is an address or noise; its start is enough
_WORD_SHARE = math.sqrt(0.5)  # words and characters weigh the same

Sparse = tuple[NDArray[np.int32], NDArray[np.float32]]


def word_grams(tokens: Sequence[str]) -> list[str]:
    """Marked by `=`, so that no word is taken for a run of characters."""
    return [f"={token}" for token in tokens] + [f"={a} {b}" for a, b in pairwise(tokens)]


def character_grams(tokens: Iterable[str]) -> list[str]:
    """Runs of 3 to 5 characters in each word with a space on both sides; masks have none."""
    grams = []
    for token in tokens:
        if token[0] == "_":
            continue
        padded = f" {token} "
        length = len(padded)
        for size in range(_SHORTEST, min(_LONGEST, length) + 1):
            grams += [padded[start : start + size] for start in range(length - size + 1)]
    return grams


def gram_blocks(text: str) -> tuple[Counter[str], Counter[str]]:
    """Counts of word grams and of character grams of a normalised text."""
    tokens = [token[:_LONGEST_WORD] for token in _TOKEN.findall(text)]
    return Counter(word_grams(tokens)), Counter(character_grams(tokens))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The grams a model knows, in column order, and what each weighs."""

    index: dict[str, int]
    idf: NDArray[np.float32]
    unknown_idf: float

    @classmethod
    def learned(cls, texts: Sequence[str], *, min_texts: int) -> "Vocabulary":
        """Every word gram, and the character grams that stand in at least `min_texts` texts."""
        seen: Counter[str] = Counter()
        for text in texts:
            for block in gram_blocks(text):
                seen.update(block.keys())
        grams = sorted(gram for gram, count in seen.items() if count >= min_texts or gram[0] == "=")
        idf = [1 + math.log((1 + len(texts)) / (1 + seen[gram])) for gram in grams]
        return cls.of(grams, np.array(idf, np.float32), texts=len(texts))

    @classmethod
    def of(cls, grams: Sequence[str], idf: NDArray[np.float32], *, texts: int) -> "Vocabulary":
        return cls({gram: column for column, gram in enumerate(grams)}, idf, 1 + math.log(1 + texts))

    def vector(self, text: str) -> Sparse:
        """Columns and weights of a normalised text.

        Grams never seen in training lengthen the vector they are normalised by, so a text of unknown words
        comes out short and no intent looks likely.
        """
        blocks = [self._weighted(block) for block in gram_blocks(text)]
        columns, weights = zip(*blocks, strict=True)
        return np.concatenate(columns), np.concatenate(weights)

    def _weighted(self, counts: Counter[str]) -> Sparse:
        known = [(column, count) for gram, count in counts.items() if (column := self.index.get(gram)) is not None]
        columns = np.array([column for column, _ in known], np.int32)
        weights = (1 + np.log(np.array([count for _, count in known], np.float32))) * self.idf[columns]
        unknown = (len(counts) - len(known)) * self.unknown_idf**2
        length = math.sqrt(float(weights @ weights) + unknown) or 1.0
        return columns, (weights * (_WORD_SHARE / length)).astype(np.float32)
