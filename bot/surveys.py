"""The `survey` job: ask for a rating once the conversation is closed; the widget shows the question itself."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.mail_manners import LETTERS
from bot.rating_page import rating_link
from bot.services import Services
from crm_core import jobs, models
from crm_core.contracts import ConversationId
from crm_core.conversations import lock_conversation
from crm_core.db import unit_of_work, utc_now
from crm_core.jobs import ClaimedJob
from crm_core.outbox import SYSTEM_VOICE, Utterance, post
from crm_core.surveys import send_survey


async def ask_for_rating(services: Services, job: ClaimedJob) -> None:
    async with unit_of_work(services.sessions) as session:
        if job.conversation_id is not None:
            conversation_id = ConversationId(job.conversation_id)
            if await send_survey(session, utc_now(), conversation_id):
                await _by_letter(services, session, conversation_id)
        await jobs.finish(session, [job])


async def _by_letter(services: Services, session: AsyncSession, conversation_id: ConversationId) -> None:
    """Where there is no widget, a letter in the same thread holds the link to the question."""
    conversation = await lock_conversation(session, conversation_id)
    channel = await session.scalar(select(models.Inbox.channel).where(models.Inbox.id == conversation.inbox_id))
    if channel not in LETTERS:
        return
    language = conversation.language or services.business.company.languages[0]
    link = rating_link(services, conversation_id)
    said = services.turn.dialogue.replies.say("rating_letter", language, link=link)
    await post(session, utc_now(), conversation, SYSTEM_VOICE, [Utterance(said)])
