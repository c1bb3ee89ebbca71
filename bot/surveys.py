"""The `survey` job: ask for a rating once the conversation is closed; the widget shows the question itself."""

from crm_core import jobs
from crm_core.contracts import ConversationId
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.jobs import ClaimedJob
from crm_core.surveys import send_survey


async def ask_for_rating(sessions: Sessions, job: ClaimedJob) -> None:
    async with unit_of_work(sessions) as session:
        if job.conversation_id is not None:
            await send_survey(session, utc_now(), ConversationId(job.conversation_id))
        await jobs.finish(session, [job])
