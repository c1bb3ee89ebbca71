"""Text for the ear and text from the ear: digits one by one, no links, and spoken digits as digits."""

import re

_LINK = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"(?<![\d.,])\d{5,}(?![\d.,]*\d)")
_CODE = re.compile(r"(?<!\w)(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9-]{4,}(?!\w)")
_SPACE = re.compile(r"\s*\n\s*")
_SOURCE = re.compile(r"\n\n[^\n]{1,200}$")
_DIGIT_WORDS: dict[str, str] = {
    word: digit
    for digit, words in {
        "0": "zero oh o ноль нуль cero", "1": "one один одна uno una", "2": "two два две dos", "3": "three три tres",
        "4": "four четыре cuatro", "5": "five пять cinco", "6": "six шесть seis", "7": "seven семь siete",
        "8": "eight восемь ocho", "9": "nine девять nueve",
    }.items()
    for word in words.split()
}  # fmt: skip
_WORD = re.compile(r"\w+|\W+")
FEWEST = 3  # “one of two” is no number


def for_the_ear(text: str, *, is_knowledge: bool = False) -> str:
    """What a voice can say: order numbers digit by digit, no addresses of pages, one line."""
    said = _SOURCE.sub("", text) if is_knowledge else text
    said = _LINK.sub("", said)
    said = _NUMBER.sub(lambda found: " ".join(found[0]), said)
    said = _CODE.sub(lambda found: " ".join(found[0].replace("-", " ")), said)
    return _SPACE.sub(" ", said).strip()


def with_digits(text: str) -> str:
    """“one zero zero two three four” as 100234: three or more digit words in a row become digits."""
    parts: list[str] = []
    run: list[str] = []
    for word in _WORD.findall(text):
        if word.casefold() in _DIGIT_WORDS or (run and not word.strip(" ,.-")) or (len(word) == 1 and word.isdecimal()):
            run.append(word)
        else:
            parts += [_closed(run), word]
            run = []
    return "".join([*parts, _closed(run)])


def _closed(run: list[str]) -> str:
    digits = [_DIGIT_WORDS.get(word.casefold(), word) for word in run if word.strip(" ,.-")]
    if len(digits) < FEWEST:
        return "".join(run)
    blank = " " if run[-1].isspace() else ""
    return "".join(digits) + blank
