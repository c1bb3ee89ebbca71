"""SentencePiece unigram segmentation (Kudo 2018): the likeliest way to cut a text into known pieces.

In plain Python over one dictionary: the quarter of a million pieces of a multilingual model cost `tokenizers` hundreds
of megabytes, and a message is short.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_SPACE = "\u2581"  # what SentencePiece writes for a space
_SPACES = re.compile(" {2,}")
_UNKNOWN_PENALTY = 10.0


@dataclass(frozen=True, slots=True)
class UnigramTokenizer:
    """`pieces` maps a piece to its row, `scores` are the log likelihoods; `readings` replaces characters first."""

    pieces: dict[str, int]
    scores: list[float]
    readings: dict[int, str]
    begin: int
    end: int
    unknown: int
    longest: int
    unknown_score: float

    @classmethod
    def of(
        cls, pieces: Sequence[str], scores: Sequence[float], readings: dict[int, str], special: Sequence[int]
    ) -> "UnigramTokenizer":
        """Pieces in the order of their rows; `special` are the rows of begin, end and unknown."""
        likelihoods = [float(score) for score in scores]
        lowest = min(likelihoods) - _UNKNOWN_PENALTY
        rows = {piece: row for row, piece in enumerate(pieces)}
        begin, end, unknown = special
        return cls(rows, likelihoods, readings, begin, end, unknown, max(map(len, pieces)), lowest)

    def rows(self, text: str, *, most: int) -> list[int]:
        """Rows of the word table, begin and end included; at most `most`."""
        content = [row for word in self._words(text) for row in self._segmented(word)]
        return [self.begin, *content[: most - 2], self.end]

    def _words(self, text: str) -> list[str]:
        """Each begins with the mark of a space; no piece crosses one."""
        read = _SPACES.sub(" ", text.translate(self.readings))
        marked = read.replace(" ", _SPACE)
        marked = marked if marked.startswith(_SPACE) else _SPACE + marked
        return [_SPACE + word for word in marked[1:].split(_SPACE)]

    def _segmented(self, word: str) -> list[int]:
        """Viterbi: the best last piece before each position."""
        length = len(word)
        best = [0.0] + [-math.inf] * length
        last: list[tuple[int, int]] = [(0, 0)] * (length + 1)
        for start in range(length):
            if not self._extend(word, start, best, last):
                score = best[start] + self.unknown_score
                if score > best[start + 1]:
                    best[start + 1], last[start + 1] = score, (start, self.unknown)
        rows = []
        stop = length
        while stop:
            stop, row = last[stop]
            rows.append(row)
        return rows[::-1]

    def _extend(self, word: str, start: int, best: list[float], last: list[tuple[int, int]]) -> bool:
        """Try every piece that begins at `start`; whether its first character is a piece itself."""
        before, alone = best[start], False
        for stop in range(start + 1, min(len(word), start + self.longest) + 1):
            row = self.pieces.get(word[start:stop])
            if row is None:
                continue
            alone = alone or stop == start + 1
            score = before + self.scores[row]
            if score > best[stop]:
                best[stop], last[stop] = score, (start, row)
        return alone
