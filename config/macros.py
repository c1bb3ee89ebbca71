"""`macros.yml`: what agents often write, with blanks that the desk fills in; nothing in it is ever executed."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from config.words import Key, LanguageCode, Strict, Translated

VARIABLES = frozenset({
    "contact.name", "contact.first_name", "order.number", "order.state", "agent.name", "agent.first_name", "company",
    "company.phone", "company.email",
})  # fmt: skip
BLANK = re.compile(r"\{([^{}]*)\}")
_BRACE = re.compile(r"[{}]")


def _known_blanks(text: str) -> str:
    unknown = next((name for name in BLANK.findall(text) if name not in VARIABLES), None)
    if unknown is not None:
        raise ValueError(f"there is no variable {{{unknown}}}; there are {', '.join(sorted(VARIABLES))}")
    if _BRACE.search(BLANK.sub("", text)):
        raise ValueError("a brace stands alone; write a variable as {contact.name}")
    return text


MacroText = Annotated[str, Field(min_length=1, max_length=5_000), AfterValidator(_known_blanks)]


class Macro(Strict):
    key: Key
    name: Translated
    text: dict[LanguageCode, MacroText]


class Macros(Strict):
    """Without the file there are none."""

    macros: list[Macro] = []
