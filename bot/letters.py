"""Letters outside a conversation: the transcript of one, for its customer."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.replies import Replies
from crm_core import jobs, models
from crm_core.contracts import JsonObject
from crm_core.conversations import lock_conversation
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.jobs import ClaimedJob, JobKind, NewJob, enqueue
from crm_core.transcript_letters import proven_mail
from crm_core.transcripts import TranscriptEntry, public_entries


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes, and in which words."""

    replies: Replies
    company: str
    default_language: str


def transcript_letter(
    head: Letterhead, conversation: models.Conversation, entries: Sequence[TranscriptEntry], to: str
) -> JsonObject:
    """The payload of a `mail` job: the public messages of one conversation, in its language."""
    language = conversation.language or head.default_language
    replies, company = head.replies, head.company
    speakers = {name: replies.say(f"letter_{name}", language) for name in ("contact", "bot", "agent", "system")}
    lines = [f"{entry.at:%Y-%m-%d %H:%M} UTC  {speakers[entry.author]}: {_said(entry)}" for entry in entries]
    subject = replies.say("letter_transcript_subject", language, company=company)
    opening = replies.say("letter_transcript_opening", language, company=company)
    return {"to": to, "subject": subject, "text": "\n\n".join([opening, *lines]), "language": language}


def _said(entry: TranscriptEntry) -> str:
    names = [f"[{file.name}]" for file in entry.attachments]
    return "\n".join(part for part in (entry.text, *names) if part)


async def write_transcript(sessions: Sessions, head: Letterhead, job: ClaimedJob) -> None:
    """The `transcript` job. An address that is proven no longer gets nothing."""
    async with unit_of_work(sessions) as session:
        address_id = job.payload.get("address_id")
        if job.conversation_id is not None and isinstance(address_id, int):
            conversation = await lock_conversation(session, job.conversation_id)
            address = await proven_mail(session, conversation.contact_id, address_id)
            entries = await public_entries(session, conversation.id)
            if address is not None:
                letter = transcript_letter(head, conversation, entries, address.uri.partition(":")[2])
                await enqueue(session, utc_now(), NewJob(JobKind.MAIL, job.conversation_id, letter))
        await jobs.finish(session, [job])
