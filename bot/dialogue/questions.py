"""Questions without a flow: answered from the knowledge base, or asked back when they may mean several things."""

from bot.dialogue.context import Context
from crm_core.contracts import Choice
from crm_core.events import EventKind
from crm_core.outbox import Utterance
from nlu.engine import Zone

MOST_CLARIFIED = 3
SHORTEST_QUESTION_WORDS = 3
SURE = 0.8


def answer_from_knowledge(context: Context, intent: str, *, passing: bool = False) -> bool:
    """Say the passage that answers, with its source; False when there is none.

    `passing`: in the middle of a flow only what looks like a question is looked up. A question that is surely about a
    known topic, but in words the passages do not share, is looked up once more in the words of the topic.
    """
    text = context.said.text
    if passing and len(text.split()) < SHORTEST_QUESTION_WORDS:
        return False
    passage = context.services.knowledge.answer(text, context.language)
    topic = f"topic_{intent}"
    is_topic = context.services.replies.has(topic)
    if passage is None and is_topic and context.said.nlu.confidence >= SURE:
        passage = context.services.knowledge.answer(context.text(topic), context.language)
    if passage is None:
        return not passing and is_topic and _admit(context)
    note = "knowledge_source" if passage.language == context.language else "knowledge_foreign"
    context.utter(Utterance(f"{passage.text}\n\n{context.text(note, source=passage.title)}"))
    if not passing:
        context.offer("talk_to_person")
    context.happened(EventKind.KNOWLEDGE_ANSWERED, source=passage.source, score=round(passage.score, 3))
    return True


def _admit(context: Context) -> bool:
    """The question was understood, but nobody has written the answer down."""
    context.say("dont_know")
    context.offer("talk_to_person", "callback")
    return True


def clarify(context: Context) -> None:
    """Two or three buttons with what it may have been, and a way out; never twice in a row."""
    flows, nlu = context.services.flows, context.said.nlu
    if context.memory.misses or nlu.zone is not Zone.CLARIFY:
        return
    intents = {
        flows.by_intent[intent]: intent
        for intent, _ in reversed(nlu.intents)
        if intent in flows.by_intent and flows.by_name[flows.by_intent[intent]].label
    }
    if not intents:
        return
    context.memory.misses += 1
    best_first = list(intents.items())[::-1][:MOST_CLARIFIED]
    choices = [Choice(context.text(flows.by_name[flow].label or ""), intent) for flow, intent in best_first]
    choices.append(Choice(context.text("choice_talk_to_person"), "talk_to_person"))
    context.utter(Utterance(context.text("clarify"), tuple(choices)))
