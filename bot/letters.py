"""Letters outside a conversation: the transcript a customer asked for."""

from collections.abc import Sequence

from bot.services import Services
from crm_core import models
from crm_core.contracts import JsonObject
from crm_core.transcripts import TranscriptEntry


def transcript_letter(
    services: Services, conversation: models.Conversation, entries: Sequence[TranscriptEntry], to: str
) -> JsonObject:
    """The payload of a `mail` job: the public messages of one conversation, in its language."""
    language = conversation.language or services.business.company.languages[0]
    replies = services.turn.dialogue.replies
    company = services.business.company.name
    speakers = {name: replies.say(f"letter_{name}", language) for name in ("contact", "bot", "agent", "system")}
    lines = [f"{entry.at:%Y-%m-%d %H:%M} UTC  {speakers[entry.author]}: {entry.text}" for entry in entries]
    subject = replies.say("letter_transcript_subject", language, company=company)
    opening = replies.say("letter_transcript_opening", language, company=company)
    return {"to": to, "subject": subject, "text": "\n\n".join([opening, *lines]), "language": language}
