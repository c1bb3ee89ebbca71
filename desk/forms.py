"""Fields of settings: how a value is shown in a form, and how what was written becomes a value again."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from crm_core.contracts import Json, JsonObject
from crm_core.errors import InvalidInput
from desk.views import Option
from desk.words import LANGUAGES, Words

SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_SUFFIXES = {
    "s": "s", "sec": "s", "с": "s", "сек": "s", "m": "min", "min": "min", "мин": "min", "h": "h", "ч": "h", "d": "d",
    "дн": "d", "д": "d",
}  # fmt: skip
_SPAN = re.compile(r"(\d{1,6})\s*([^\W\d]{0,3})\.?")
_NO_KEY = re.compile(r"[^a-z0-9]+")
MOST_DIGITS = 9
MOST_KEY_CHARACTERS = 40


class WrongField(InvalidInput):
    """One field of a form; `rule` names the sentence that says how to write it."""

    code = "wrong_field"

    def __init__(self, name: str, rule: str = "any") -> None:
        super().__init__(f"The field “{name}” cannot be used.")
        self.name, self.rule = name, rule


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: text, area, number, colour, date lines, select or checks. Each check is sent as `name`_`key`."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    hint: str = ""
    options: tuple[Option, ...] = ()
    is_required: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading; `is_folded` for what few need."""

    title: str
    fields: tuple[Field, ...]
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of one kind of settings: `label("name")`."""

    words: Words
    section: str

    def __call__(self, name: str) -> str:
        return self.words(f"settings.{self.section}.{name}")

    def hint(self, name: str) -> str:
        """Nothing where the label says it all."""
        return self.words.known(f"settings.{self.section}.{name}_hint", "")


def translated(name: str, label: str, value: Json, words: Words, kind: str = "text") -> tuple[Field, ...]:
    """One field a language."""
    texts = value if isinstance(value, dict) else {}
    return tuple(
        Field(
            f"{name}_{code}", f"{label}, {words(f'settings.in_{code}')}", str(texts.get(code, "")), kind,
            language=code,
        )
        for code in LANGUAGES
    )  # fmt: skip


def read_translated(fields: Mapping[str, str], name: str) -> dict[str, Json]:
    """A language left empty gets the text of the first that is not. Raises WrongField when all are empty."""
    given = {code: clean(fields.get(f"{name}_{code}", "")) for code in LANGUAGES}
    first = next((text for text in given.values() if text), "")
    if not first:
        raise WrongField(name, "empty")
    return {code: text or first for code, text in given.items()}


def clean(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def select(name: str, label: str, names: Mapping[str, str], chosen: Json, hint: str = "") -> Field:
    options = tuple(Option(key, text, key == (chosen or "")) for key, text in names.items())
    return Field(name, label, kind="select", hint=hint, options=options)


def checks(name: str, label: str, names: Mapping[str, str], chosen: Json, hint: str = "") -> Field:
    held = chosen if isinstance(chosen, list) else []
    options = tuple(Option(key, text, key in held) for key, text in names.items())
    return Field(name, label, kind="checks", hint=hint, options=options)


def read_checks(fields: Mapping[str, str], name: str, known: Iterable[str]) -> list[Json]:
    return [key for key in known if fields.get(f"{name}_{key}")]


def read_words(fields: Mapping[str, str], name: str) -> list[Json]:
    """Words with commas between them, made keys. Raises WrongField for one that cannot be one."""
    parts = [part.strip() for part in fields.get(name, "").split(",") if part.strip()]
    keys = [key_of(part) for part in parts]
    if not all(keys):
        raise WrongField(name, "word")
    return [*dict.fromkeys(keys)]


def read_number(fields: Mapping[str, str], name: str) -> int | None:
    """None for an empty field. Raises WrongField."""
    given = fields.get(name, "").strip()
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > MOST_DIGITS:
        raise WrongField(name, "number")
    return int(given)


def span_text(seconds: Json, words: Words) -> str:
    """“4 h”, in the largest unit that leaves no rest."""
    if not isinstance(seconds, int):
        return ""
    unit = next((unit for unit, size in reversed(SECONDS.items()) if seconds and seconds % size == 0), "s")
    return f"{seconds // SECONDS[unit]} {words(f'settings.units.{unit}')}"


def span_field(name: str, label: str, seconds: Json, words: Words, hint: str = "") -> Field:
    return Field(name, label, span_text(seconds, words), hint=hint)


def read_span(fields: Mapping[str, str], name: str) -> int | None:
    """“30 s”, “5 min”, “4 h” in seconds; a bare number is seconds, nothing None. Raises WrongField."""
    given = fields.get(name, "").strip().lower()
    if not given:
        return None
    found = _SPAN.fullmatch(given)
    unit = _SUFFIXES.get(found[2] or "s") if found else None
    if found is None or unit is None:
        raise WrongField(name, "span")
    return int(found[1]) * SECONDS[unit]


def key_of(name: str) -> str:
    """A key made of a name; empty when it does not begin with a Latin letter."""
    key = _NO_KEY.sub("_", name.strip().lower()).strip("_")[:MOST_KEY_CHARACTERS]
    return key if key[:1].isalpha() else ""


def new_key(name: Json, stem: str, taken: Collection[str]) -> str:
    """Of the English or Spanish name, else the stem; with a number when it is taken."""
    texts = name if isinstance(name, dict) else {}
    wanted = next((key for key in (key_of(str(texts.get(code, ""))) for code in ("en", "es")) if key), stem)
    numbered = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (wanted, *numbered) if key not in taken)


def comma(values: Json) -> str:
    return ", ".join(str(value) for value in values) if isinstance(values, list) else ""


def first_text(texts: Json, language: str) -> str:
    known = texts if isinstance(texts, dict) else {}
    return str(known.get(language) or next(iter(known.values()), ""))


def part_of(entry: Mapping[str, Json], name: str) -> JsonObject:
    """An object inside an entry; empty where there is none."""
    found = entry.get(name)
    return found if isinstance(found, dict) else {}


def as_written(groups: Iterable[Group], fields: Mapping[str, str]) -> tuple[Group, ...]:
    """With what was sent instead of what holds: nobody writes twice."""
    return tuple(replace(group, fields=tuple(_written(field, fields) for field in group.fields)) for group in groups)


def _written(field: Field, fields: Mapping[str, str]) -> Field:
    if field.kind == "checks":
        chosen = [key for key in (option.key for option in field.options) if fields.get(f"{field.name}_{key}")]
        return replace(field, options=tuple(replace(each, is_current=each.key in chosen) for each in field.options))
    if field.name not in fields:
        return field
    given = fields[field.name]
    options = tuple(replace(each, is_current=each.key == given) for each in field.options)
    return replace(field, value=given, options=options)


def label_of(words: Words, section: str, name: str) -> str:
    """What the form calls a field; a part of one (`first_response_call_s`) goes by its beginning."""
    tried = [name, *(name[:end] for end in range(len(name) - 1, 0, -1) if name[end] == "_"), "other"]
    labels = (words.known(f"settings.{section}.{each}", "") for each in tried)
    return next((label for label in labels if label), name)
