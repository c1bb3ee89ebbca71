"""Questions without a flow: answered from the knowledge base, or asked back when they may mean several things."""

from bot.dialogue.choosing import NONE_OF_THESE, chosen_of
from bot.dialogue.context import Context
from bot.dialogue.wishes import values_of
from crm_core.contracts import Choice
from crm_core.events import EventKind
from crm_core.outbox import Utterance
from nlu.engine import Zone

MOST_CLARIFIED = 3
SHORTEST_QUESTION_WORDS = 3
SURE = 0.8
LEAST_LIKELY = 0.05  # an option less likely than that would be a guess


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
    """Two or three buttons with what it may have been, and one for none of these; the same ones never twice."""
    memory, nlu = context.memory, context.said.nlu
    if nlu.zone is not Zone.CLARIFY:
        return
    options = _options(context)
    asked = "|".join(sorted(name for name, _ in options))
    if not options:
        return
    if asked in memory.asked_back:
        context.caused.handoff_reason = "not_understood"
        return
    memory.asked_back.append(asked)
    memory.unclear = values_of(nlu.entities)
    options.append((NONE_OF_THESE, context.text("choice_none_of_these")))
    memory.options = [list(option) for option in options]
    context.utter(Utterance(context.text("clarify"), tuple(Choice(label, name) for name, label in options)))


def _options(context: Context) -> list[tuple[str, str]]:
    """(intent, label), likeliest first: flows by their label, topics by the question they answer; each flow once."""
    flows = context.services.flows
    found: dict[str, tuple[str, str]] = {}
    for intent, likelihood in context.said.nlu.intents:
        flow = flows.by_intent.get(intent)
        label = flows.by_name[flow].label if flow else f"topic_{intent}"
        is_known = flow is not None or context.services.replies.has(f"topic_{intent}")
        if label is not None and is_known and likelihood >= LEAST_LIKELY:
            found.setdefault(flow or intent, (intent, context.text(label)))
    return list(found.values())[:MOST_CLARIFIED]


def chosen(context: Context) -> str | None:
    """The option that this message chooses of those just asked back; they are forgotten whatever it says."""
    options = [(name, label) for name, label in context.memory.options]
    context.memory.options = []
    if not options:
        return None
    pressed = context.said.choice
    name = pressed if pressed in dict(options) else chosen_of(options, context.said.text)
    asked = "|".join(option for option, _ in options)
    context.happened(EventKind.INTENT_CLARIFIED, asked=asked, chosen=name)
    return name
