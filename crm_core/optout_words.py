"""How people ask in one message not to be written to any more, in English, Russian and Spanish."""

# the whole message: inside a sentence “stop” asks for something else
_WORDS = frozenset({
    "stop", "stopall", "stop all", "unsubscribe", "unsubscribe me", "opt out", "optout",
    "стоп", "отписаться", "отписка", "отпишите меня", "отпишите", "не пишите мне",
    "baja", "darme de baja", "dar de baja", "quiero darme de baja", "no me escriban", "alto",
})  # fmt: skip
LONGEST = max(map(len, _WORDS)) + 6


def asks_to_stop(text: str) -> bool:
    if len(text) > LONGEST:
        return False
    return " ".join(text.strip(' \t\r\n.!¡/*"“”«»').casefold().split()) in _WORDS
