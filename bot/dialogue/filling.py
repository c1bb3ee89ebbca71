"""How an answer fills a slot: by a value found in the text, by a button, by yes or no, or by the words themselves."""

import re

from bot.dialogue.context import Context
from bot.dialogue.schema import Step
from crm_core.erp.quantities import clean_ref

SHORTEST_TEXT, LONGEST_TEXT = 3, 2_000
YES, NO = "yes", "no"
FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")


def fill(step: Step, context: Context) -> str | None:
    """The slot's value from this message; None when it says nothing of the kind.

    `accept` lists entity kinds in order of preference, `yes_no`, `sku` (one word), `text`, or the name of a button.
    """
    said = context.said
    if said.choice is not None and said.choice in step.choices:
        return said.choice
    for kind in step.accept:
        value = _by_kind(kind, context)
        if value is not None:
            return f"{kind}:{value}" if step.collect == "proof" else value
    return None


def _by_kind(kind: str, context: Context) -> str | None:
    said = context.said
    if kind == "yes_no":
        return {"affirm": YES, "deny": NO}.get(said.nlu.intent)
    if kind == "text":
        text = said.text.strip()
        return text[:LONGEST_TEXT] if len(text) >= SHORTEST_TEXT else None
    if kind == "sku":
        return clean_ref(said.text)
    entity = said.nlu.entity(kind)
    if entity is None and kind == "digits4":
        return _lone_four_digits(said.text)
    return entity.value if entity is not None else None


def _lone_four_digits(text: str) -> str | None:
    """Asked for four digits, people send them in any words; two groups of four would be a guess."""
    groups = FOUR_DIGITS.findall(text)
    return groups[0] if len(groups) == 1 else None


PROOFS = frozenset({"email", "phone", "digits4"})
