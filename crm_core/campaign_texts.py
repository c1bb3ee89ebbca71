"""What a campaign says to one person: a text with variables, in their language, with the way out at its end."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_core.campaign_values import Arm, ArmText, BadPlan

PERSONAL, COMMON = frozenset({"first_name", "name"}), frozenset({"company"})
MOST_VALUE_CHARACTERS = 40
MOST_TEXT_CHARACTERS, MOST_SUBJECT_CHARACTERS = 4_000, 200
LETTERS = frozenset({"email"})
_VARIABLE = re.compile(r"\{([^{}|]*)(?:\|([^{}|]*))?\}")
_SUSPECT = re.compile(r"[\x00-\x1f\x7f<>{}|\\/]|www\.|https?:|[^\s.]\.[a-z]{2,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Wording:
    """Beside the text itself: the company's name, and how one gets rid of it. `footer` holds {link}."""

    company: str
    footer: Mapping[str, str]
    stop_hint: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Worded:
    text: str
    subject: str


def worded(written: ArmText, to: Recipient, wording: Wording, *, link: str | None) -> Worded:
    """With `link` as a letter, without as a short message."""
    values = _values(to, wording.company)
    if link is not None:
        end = wording.footer.get(to.language, "{link}").replace("{link}", link)
        return Worded(f"{_filled(written.text, values)}\n\n{end}", _filled(written.subject, values))
    hint = wording.stop_hint.get(to.language, "STOP")
    return Worded(f"{_filled(written.text, values)}\n{hint}", "")


def _filled(text: str, values: Mapping[str, str]) -> str:
    """One pass: what is filled in is never read again for variables."""
    return _VARIABLE.sub(lambda found: values.get(found[1]) or found[2] or "", text)


def _values(to: Recipient, company: str) -> dict[str, str]:
    name = _harmless(to.name)
    return {"name": name, "first_name": _harmless(name.split(maxsplit=1)[0]) if name else "", "company": company}


def _harmless(name: str | None) -> str:
    """People choose their names; an address, a line break or a brace in one must not come to others from us."""
    said = (name or "").strip()
    return "" if len(said) > MOST_VALUE_CHARACTERS or _SUSPECT.search(said) else said


def check_texts(arm: Arm, languages: tuple[str, ...]) -> None:
    """Raises BadPlan: every language is there, variables are known, and whatever may be missing has a fallback."""
    if arm.is_hold_out:
        return
    for language in languages:
        written = arm.texts.get(language)
        if written is None or not written.text.strip():
            raise BadPlan("text_missing", f"The text of “{arm.key}” is missing in {language}.")
        if len(written.text) > MOST_TEXT_CHARACTERS or len(written.subject) > MOST_SUBJECT_CHARACTERS:
            raise BadPlan("text_long", f"The text of “{arm.key}” is too long.")
        for problem in _problems(f"{written.subject} {written.text}"):
            raise BadPlan(problem, f"A variable of “{arm.key}” in {language} cannot be filled: {problem}.")


def _problems(text: str) -> Iterator[str]:
    for name, fallback in _VARIABLE.findall(text):
        if name not in PERSONAL | COMMON:
            yield "variable_unknown"
        elif name in PERSONAL and not fallback.strip():
            yield "fallback_missing"
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        yield "brace"
