"""Which of the options that were put to the customer a message chooses: by button, number, word, or label."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.dialogue.context import Said
from nlu.normalise import normalise

NONE_OF_THESE = "none_of_these"
SHORTEST_PART = 4
_LONGEST = 60
_NUMBER = re.compile(r"^\W*(?:number|no|option|вариант|номер|opcion|la|el)?\W*([1-9])\W*$")
_ORDINALS = (
    ("first", "первое", "первый", "первая", "первую", "primera", "primero"),
    ("second", "второе", "второй", "вторая", "вторую", "segunda", "segundo"),
    ("third", "третье", "третий", "третья", "третью", "tercera", "tercero"),
    ("fourth", "четвертое", "четвертый", "четвертая", "cuarta", "cuarto"),
)
_CARDINALS = (("one", "один", "uno"), ("two", "два", "dos"), ("three", "три", "tres"), ("four", "четыре", "cuatro"))
_MOST_WORDS = 4
_NONE = ("none", "neither", "ни одно", "ничего из", "ни то", "ninguna", "ninguno", "nada de eso")


def by_number(said: Said, offered: Sequence[Sequence[str]]) -> Said:
    """Where buttons are numbered lines, a lone number presses one: “2” says what the second line says."""
    text = said.text.strip(" .)")
    if said.choice is not None or text not in [str(place) for place in range(1, len(offered) + 1)]:
        return said
    value, label = offered[int(text) - 1]
    return replace(said, text=label, choice=value)


def chosen_of(options: Sequence[tuple[str, str]], text: str) -> str | None:
    """The name of the option that `text` chooses among (name, label) pairs; None when it chooses none of them."""
    said = normalise(text).strip(" .,!?()")
    if not said or len(said) > _LONGEST:
        return None
    number = _number_in(said)
    if number is not None:
        return options[number - 1][0] if number <= len(options) else None
    if any(name == NONE_OF_THESE for name, _ in options) and said.startswith(_NONE):
        return NONE_OF_THESE
    named = [name for name, label in options if said == (known := normalise(label)) or _is_part(said, known)]
    return named[0] if len(named) == 1 else None


def _number_in(said: str) -> int | None:
    match = _NUMBER.match(said)
    if match:
        return int(match[1])
    words = said.split()
    if len(words) > _MOST_WORDS:
        return None
    for number, (ordinals, cardinals) in enumerate(zip(_ORDINALS, _CARDINALS, strict=True), 1):
        if said in cardinals or any(word in ordinals for word in words):
            return number
    return None


def _is_part(said: str, label: str) -> bool:
    return len(said) >= SHORTEST_PART and f" {said} " in f" {label.strip(' .?!¿¡')} "
