"""A closed conversation taken apart for a lesson: what the customer said, what was answered, and nobody's name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby, pairwise

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Reach, require_role
from crm_core.errors import Conflict
from crm_core.practice_anonymous import Anonymiser
from crm_core.practice_judging import Recognise
from crm_core.states import Author, ConversationState, Direction, Visibility
from crm_core.transcripts import TranscriptEntry, transcript

MOST_TURNS = 7  # a form has thirty fields


class NothingToPractise(Conflict):
    """Nobody but the bot answered, or it still goes on."""

    code = "nothing_to_practise"


@dataclass(frozen=True, slots=True)
class Turn:
    """What the customer said, and the answer to it."""

    says: str
    model: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """`replaced` counts by kind what was made fictive."""

    language: str
    channel: str
    disposition: str | None
    turns: tuple[Turn, ...]
    replaced: dict[str, int] = field(default_factory=dict)


async def draft_of(
    session: AsyncSession, reach: Reach, conversation_id: int, recognise: Recognise, today: date
) -> Draft:  # fmt: skip
    """Public words alone: notes and whispers stay where they are. Raises Forbidden, NotFound, NothingToPractise."""
    require_role(reach.viewer, Action.SUPERVISE)
    found = await transcript(session, reach, conversation_id)
    head = found.conversation
    turns = turns_of(found.entries)
    if not turns or head.state != ConversationState.CLOSED:
        raise NothingToPractise("Choose a closed conversation in which a colleague answered.")
    language = head.language or "en"
    agents = {entry.agent_name for entry in found.entries if entry.agent_name}
    names = [name for name in (head.contact_name, head.customer_ref, *sorted(agents)) if name]
    anonymiser = Anonymiser(language, names)

    def cleaned(text: str) -> str:
        return anonymiser.cleaned(text, recognise(text, language, today))

    shown = tuple(replace(turn, says=cleaned(turn.says), model=cleaned(turn.model)) for turn in turns)
    return Draft(language, head.channel, head.disposition, shown, anonymiser.replaced)


def turns_of(entries: Sequence[TranscriptEntry]) -> list[Turn]:
    """Each run of the customer's messages with the colleague's answers behind it."""
    spoken = [entry for entry in entries if entry.visibility == Visibility.PUBLIC and entry.text.strip()]
    said = [entry for entry in spoken if entry.direction == Direction.IN or entry.author == Author.AGENT]
    runs = [(is_in, "\n".join(entry.text for entry in run)) for is_in, run in groupby(said, _is_in)]
    pairs = pairwise(runs)
    return [Turn(says, model) for (is_in, says), (_, model) in pairs if is_in][:MOST_TURNS]


def _is_in(entry: TranscriptEntry) -> bool:
    return entry.direction == Direction.IN
