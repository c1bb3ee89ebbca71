"""How the bot behaves by mail: one letter a turn, and never many to somebody who may not have asked for any."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import DeliveryState
from crm_core.outbox import Utterance
from crm_core.states import Author, Direction
from crm_core.threading import plain_subject

LETTERS = frozenset({"email", "fax"})  # channels where a message is a letter
WINDOW = timedelta(hours=1)
MOST_UNASKED, MOST_ANSWERS = 1, 10
SIGNATURE = "\n-- \n"


def is_by_letter(head: RowMapping) -> bool:
    return head["channel"] in LETTERS


async def may_answer(session: AsyncSession, now: datetime, head: RowMapping, *, asked_us: bool) -> bool:
    """Whether another letter of ours may go to this address within the window.

    `asked_us`: the sender is proven, or answers a letter of ours. Anybody else may not be who they say, or be a
    machine: one letter (RFC 3834 section 2).
    """
    message, conversation = models.Message, models.Conversation
    statement = (
        select(func.count())
        .join(conversation, conversation.id == message.conversation_id)
        .where(
            conversation.address_id == head["address_id"], message.direction == Direction.OUT,
            message.author.in_([Author.BOT, Author.SYSTEM]), message.created_at > now - WINDOW,
        )
    )  # fmt: skip
    sent = int(await session.scalar(statement.select_from(message)) or 0)
    return sent < (MOST_ANSWERS if asked_us else MOST_UNASKED)


def one_letter(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Everything a turn says as one message; the last buttons and the last card stay with it."""
    if len(utterances) < 2:  # noqa: PLR2004
        return list(utterances)
    text = "\n\n".join(utterance.text for utterance in utterances)
    choices = next((said.choices for said in reversed(utterances) if said.choices), ())
    card = next((said.card for said in reversed(utterances) if said.card), None)
    return [Utterance(text, choices, card)]


async def writes_letters(session: AsyncSession, conversation: models.Conversation) -> bool:
    channel = await session.scalar(select(models.Inbox.channel).where(models.Inbox.id == conversation.inbox_id))
    return channel in LETTERS


async def add_to_letter(session: AsyncSession, conversation: models.Conversation, words: str) -> None:
    """To what this very transaction says, which nobody can have sent yet; a turn that may say nothing stays silent."""
    message = models.Message
    ours = (message.conversation_id == conversation.id) & (message.author == Author.BOT)
    unsent = (message.delivery == DeliveryState.PENDING) & (message.created_at == conversation.last_message_at)
    if words:
        letter = update(message).where(ours, unsent).values(text=message.text + "\n\n" + words)
        await session.execute(letter.execution_options(synchronize_session=False))


def words_of(head: RowMapping, text: str, *, is_first: bool) -> str:
    """What is to be understood: without the signature; of a first letter the subject as well."""
    said = f"\n{text}\n".partition(SIGNATURE)[0].strip()
    subject = (head["subject"] or "").strip() if is_first or not said else ""
    if not subject or plain_subject(subject) in said.casefold():
        return said
    ending = "" if subject[-1] in ".!?…" else "."
    return f"{subject}{ending if said else ''} {said}".strip()
