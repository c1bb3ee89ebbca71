"""“Send me this by mail”: known by its words, in every language of the house, so that no model has to learn it."""

import re

from bot.dialogue.context import Context
from crm_core.contracts import AddressKind

WISH = "send_transcript"

_ENGLISH = r"""
    \b(?:e-?mail|send|forward|mail)\s+(?:me\s+)?(?:a\s+copy\s+of\s+)?(?:this|the|our)\s+
    (?:chat|conversation|transcript)\b
    | \b(?:send|e-?mail|mail)\s+(?:me\s+)?(?:this|the\s+transcript|a\s+copy)\s+(?:by|to\s+my|via)\s+e?-?mail\b
    | \b(?:e-?mail|mail)\s+(?:this|it)\s+to\s+me\b
"""
_RUSSIAN = r"""
    \b(?:пришлите|вышлите|отправьте|пошлите)\s+(?:мне\s+)?
    (?:это|(?:эту\s+)?переписку|(?:этот\s+)?разговор|копию\s+\w+)
    \s+(?:на|по)\s+(?:мою\s+|мой\s+)?(?:e-?mail|электронн\w+|почт\w+|мейл|имейл)
"""
_SPANISH = r"""
    \b(?:env[ií]e(?:me|nme)|m[aá]nde(?:me|nme)|env[ií]ame|m[aá]ndame|enviarme|mandarme)\s+
    (?:esto|est[ae]\s+(?:conversaci[oó]n|chat)|la\s+conversaci[oó]n|una\s+copia)\s+
    (?:por|al|a\s+mi)\s+(?:e-?mail|correo)
"""
_WISHES = re.compile(f"{_ENGLISH} | {_RUSSIAN} | {_SPANISH}", re.IGNORECASE | re.VERBOSE)


def wants_transcript(context: Context) -> bool:
    choice = context.said.choice
    return choice == WISH or (choice is None and asks_for_transcript(context.said.text))


def asks_for_transcript(said: str) -> bool:
    return _WISHES.search(said) is not None


def promise_transcript(context: Context) -> None:
    """To an address that was proved in this conversation; anybody else is told how to prove one."""
    mail = next((uri for uri in context.proven if uri.startswith(f"{AddressKind.MAILTO}:")), None)
    if not context.services.mail_available:
        context.say("transcript_impossible")
    elif mail is None:
        context.say("transcript_unproven")
    else:
        context.caused.transcript_to = mail
        context.say("transcript_promised", address=masked(mail.partition(":")[2]))


def masked(address: str) -> str:
    """Enough to be known by its owner: `m…@example.com`."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}"
