"""What the bot says: whole sentences by key and language, with variants, plural forms and named places."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.core import Locale
from babel.plural import PluralRule
from pydantic import BaseModel, ConfigDict, RootModel

from config.documents import DocumentError, read_document

PLACE = re.compile(r"\{([a-z_]+)\}")


class Counted(BaseModel):
    """One sentence a plural form (CLDR); `plural` names the place that counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plural: str
    one: str
    few: str | None = None
    many: str | None = None
    other: str

    def texts(self) -> tuple[str, ...]:
        return tuple(text for text in (self.one, self.few, self.many, self.other) if text is not None)


Wording = str | list[str] | Counted


class ReplyFile(RootModel[dict[str, Wording]]):
    """`config/replies/<language>.yml`."""


@dataclass(frozen=True, slots=True)
class Replies:
    """All sentences; complete in every language, checked when they are read."""

    wordings: Mapping[str, Mapping[str, Wording]]
    plurals: Mapping[str, PluralRule]

    @staticmethod
    def load(directory: Path, languages: Sequence[str]) -> "Replies":
        """Raises DocumentError for a key or a place that one language has and another lacks."""
        files = {language: directory / f"{language}.yml" for language in languages}
        wordings = {language: read_document(path, ReplyFile).root for language, path in files.items()}
        first = languages[0]
        for language in languages[1:]:
            _compare(files[language], wordings[language], wordings[first], first)
        return Replies(wordings, {language: Locale.parse(language).plural_form for language in languages})

    def has(self, key: str) -> bool:
        return key in next(iter(self.wordings.values()))

    def keys(self) -> frozenset[str]:
        return frozenset(next(iter(self.wordings.values())))

    def say(self, key: str, language: str, turn: int = 0, **values: object) -> str:
        """The sentence; `turn` picks among variants, so that nobody hears the same words twice in a row.

        Values are put in as they are and never read as a pattern themselves.
        """
        wording = self.wordings[language][key]
        if isinstance(wording, Counted):
            template = self._form(wording, language, values)
        else:
            template = wording if isinstance(wording, str) else wording[turn % len(wording)]
        return PLACE.sub(lambda match: str(values[match[1]]), template)

    def _form(self, wording: Counted, language: str, values: Mapping[str, object]) -> str:
        form = self.plurals[language](float(str(values[wording.plural])))
        chosen = {"one": wording.one, "few": wording.few, "many": wording.many}.get(form)
        return chosen or wording.other


def _places(wording: Wording) -> frozenset[str]:
    texts = [wording] if isinstance(wording, str) else wording if isinstance(wording, list) else wording.texts()
    return frozenset(place for text in texts for place in PLACE.findall(text))


def _compare(path: Path, own: Mapping[str, Wording], other: Mapping[str, Wording], language: str) -> None:
    missing = sorted(other.keys() - own.keys())
    if missing:
        raise DocumentError(path, 1, f"“{missing[0]}” is missing, which {language}.yml has; translate it")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        key = line.partition(":")[0]
        if line[:1].isalpha() and key not in other:
            raise DocumentError(path, number, f"“{key}” stands only here; add it to {language}.yml or remove it")
        if line[:1].isalpha() and _places(own[key]) != _places(other[key]):
            wanted = ", ".join(sorted(_places(other[key]))) or "none"
            raise DocumentError(path, number, f"“{key}” has other places than in {language}.yml (there: {wanted})")
