"""Answers from the company's own documents, and silence where nothing fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.passage_index import PassageIndex
from bot.passages import Section, read_sections, read_words
from config.documents import DocumentError

# Below this score we say nothing; chosen on the unseen questions of tests/bot/knowledge_questions.yml.
THRESHOLD = 0.31
OTHER_LANGUAGE_THRESHOLD = 0.4


@dataclass(frozen=True, slots=True)
class Passage:
    """`score` is how surely this answers (0 to 1); `language` may differ from the one asked in."""

    text: str
    title: str
    source: str
    score: float
    language: str


class Knowledge:
    """`config/knowledge/<language>/*.md`; a file's name without its ending is the source of its passages."""

    def __init__(self, indexes: Mapping[str, PassageIndex]) -> None:
        self._indexes = indexes

    @classmethod
    def load(cls, directory: Path, languages: Sequence[str]) -> "Knowledge":
        """Raises DocumentError, with file and line, for a file that cannot be used."""
        if not directory.is_dir():
            raise DocumentError(directory, 1, "there is no such directory; restore it from the repository")
        read = {language: read_sections(directory / language) for language in languages}
        return cls({language: _index(directory / language, read[language]) for language in languages if read[language]})

    def answer(self, question: str, language: str) -> Passage | None:
        """The passage that answers, from `language` or, when that has none, from another of the company's."""
        own = self._indexes.get(language)
        best = own.best(question) if own is not None else None
        if own is not None and best is not None and best[1] >= THRESHOLD:
            return _passage(own, best)
        return self._elsewhere(question, language)

    def _elsewhere(self, question: str, language: str) -> Passage | None:
        found: list[Passage] = []
        for name, index in self._indexes.items():
            best = index.best(question, literally=True) if name != language else None
            passage = _passage(index, best) if best is not None and best[1] >= OTHER_LANGUAGE_THRESHOLD else None
            if passage is not None:
                found.append(passage)
        return max(found, key=lambda passage: passage.score, default=None)


def _index(directory: Path, sections: list[Section]) -> PassageIndex:
    unanswered = [Section("", "", "", "", also=line) for line in read_words(directory / "unanswered.txt")]
    goods = " ".join(read_words(directory / "goods.txt"))
    return PassageIndex(directory.name, [*sections, *unanswered], goods)


def _passage(index: PassageIndex, best: tuple[Section, float]) -> Passage | None:
    """None for a subject of `unanswered.txt`."""
    section, score = best
    return Passage(section.text, section.title, section.source, score, index.language) if section.text else None
