"""The bot's knowledge, offered to agents: the passage that answers what a customer asked."""

from bot.knowledge import Knowledge
from desk.services import Suggestion


def suggestions(knowledge: Knowledge, question: str, language: str) -> tuple[Suggestion, ...]:
    """None where the bot would have been silent, too."""
    passage = knowledge.answer(question, language)
    if passage is None:
        return ()
    foreign = passage.language if passage.language != language else ""
    return (Suggestion(passage.text, passage.title, passage.source, foreign),)
