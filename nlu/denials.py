"""“I want to return it, not cancel”: what a text denies beside what it wishes is no wish, and not read as one."""

import re

_EN = r"(?:cancel|return|exchang|refund|replac|chang|track|pay|order|buy|repair|complain|reschedul|deliver)\w*"
_IT = r"(?:\s+(?:it|this|that|them|(?:the|my|this)\s+\w+))?"
_ES = r"\w{2,20}(?:ar|er|ir)(?:l[oae]s?|se)?"
_OBJECT = r"(?:\s+(?:el|la|los|las|mi|un|una)\s+\w+)?"
_RU = r"\w{2,20}(?:ть|ться|ти|чь)"
_RUSSIAN_OBJECT = r"(?:\s+(?:его|ее|её|их|заказ|товар))?"
_DENIED = (
    rf"(?:[,;.]\s+(?:and\s+|but\s+)?|\s+(?:and|but)\s+)not\s+(?:to\s+)?(?:a\s+)?{_EN}{_IT}(?=\W*$)",
    rf",?\s+(?:instead\s+of|rather\s+than)\s+(?:to\s+)?{_EN}{_IT}(?=\W*$)",
    rf"(?<![\w'])not\s+(?:to\s+)?{_EN}{_IT},?\s+but\s+(?=\w)",
    rf"[,;.]?\s+а\s+не\s+{_RU}{_RUSSIAN_OBJECT}(?=\W*$)",
    r"[,;.]?\s+а\s+не\s+\w+(?=\W*$)",
    rf"[,;]\s+не\s+{_RU}{_RUSSIAN_OBJECT}(?=\W*$)",
    r"\s+вместо\s+(?:отмены|возврата|обмена|доставки|ремонта)(?=\W*$)",
    rf"(?<!\w)не\s+{_RU}{_RUSSIAN_OBJECT},?\s+а\s+(?=\w)",
    rf"(?:[,;.]\s+(?:y\s+|pero\s+)?|\s+(?:y|pero)\s+)no\s+{_ES}{_OBJECT}(?=\W*$)",
    rf",?\s+en\s+(?:vez|lugar)\s+de\s+{_ES}{_OBJECT}(?=\W*$)",
    rf"(?<!\w)no\s+{_ES}{_OBJECT},?\s+sino\s+(?:que\s+)?(?=\w)",
)
_FINDER = re.compile("|".join(f"(?:{pattern})" for pattern in _DENIED), re.IGNORECASE)
_LONGEST_CHARACTERS = 200  # in a letter a “not” belongs to a story


def affirmed(text: str) -> str:
    """`text` less the wishes it denies; whole where nothing would be left."""
    if len(text) > _LONGEST_CHARACTERS:
        return text
    left = " ".join(_FINDER.sub(" ", text).split())
    return left if any(character.isalnum() for character in left) else text
