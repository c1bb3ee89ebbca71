"""What the customer is worth and whether they may leave, as learnt by night, beside the conversation."""

from babel.numbers import format_currency, format_decimal

from crm_core.customer_values import KnownValue
from crm_core.sentences import Share
from desk.people import Chip
from desk.reader import Reader
from desk.sentences import shown_value
from desk.views import Fact
from desk.words import Words

HIGH_CHANCE = 0.5


def worth_facts(known: KnownValue | None, reader: Reader) -> tuple[Fact, ...]:
    """Nothing for a stranger; each with the day until which purchases are known."""
    if known is None:
        return ()
    words, facts = reader.words, list[Fact]()
    if known.segment:
        facts.append(Fact(words("customer.segment"), words.known(f"segments.{known.segment}", known.segment)))
    if known.money is not None:
        money = words("customer.money_in_weeks", money=_money(known, words), n=known.weeks)
        facts.append(Fact(words("customer.money"), money, is_number=True))
    if known.leaves is not None:
        chip = Chip(shown_value(words, Share(round(known.leaves, 2))), "warn" if known.leaves >= HIGH_CHANCE else "num")
        facts.append(Fact(words("customer.leaves"), "", mark=chip))
    facts.append(Fact(words("customer.as_of"), shown_value(words, known.as_of), is_number=True))
    return tuple(facts)


def _money(known: KnownValue, words: Words) -> str:
    whole = round(known.money or 0.0)
    if known.currency is None:
        return str(format_decimal(whole, locale=words.locale))
    return str(format_currency(whole, known.currency, format="#,##0\xa0¤", locale=words.locale, currency_digits=False))
