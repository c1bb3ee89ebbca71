"""Small words that keep a conversation kind: greetings, thanks, and admitting that we did not understand."""

from bot.dialogue.context import Context

MISSES_UNTIL_PERSON = 3
COURTESIES = frozenset(
    {"greeting", "thanks", "positive_feedback", "bot_challenge", "small_talk", "abusive", "help"}
)  # fmt: skip
WITH_OFFERS = frozenset({"greeting", "help", "bot_challenge", "abusive", "small_talk"})
STARTERS = ("order_status", "return_item", "talk_to_person")


def courtesy(context: Context, intent: str) -> None:
    """Answer in kind; in the middle of something only a short word."""
    memory = context.memory
    memory.misses = 0
    key = "you_are_welcome" if intent == "thanks" else intent
    if intent == "greeting" and memory.greeted:
        key = "greeting_again"
    memory.greeted = memory.greeted or intent == "greeting"
    context.say(key, company=context.services.business.company.name)
    if intent in WITH_OFFERS and not memory.stack:
        context.offer(*STARTERS)


def miss(context: Context) -> None:
    """Not understood: other words the second time, a person the third."""
    memory = context.memory
    memory.misses += 1
    if memory.misses >= MISSES_UNTIL_PERSON:
        context.caused.handoff_reason = "not_understood"
        return
    context.say("not_understood" if memory.misses == 1 else "not_understood_again")
    context.offer("talk_to_person", "order_status", "opening_hours")
