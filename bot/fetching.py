"""The `fetch` job: a file that still lies with a channel's provider becomes an attachment of its message."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bot.worker import JobFailedError
from channels.protocol import Channel, FileSource
from crm_core import jobs, models
from crm_core.blobs import BlobStore
from crm_core.contracts import Attachment, RemoteFile
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import NotFound, SwitchboardError
from crm_core.jobs import ClaimedJob, Failure
from crm_core.signals import Signal, Topic, publish

# What stands in the transcript in place of a file that could not be had: an agent may ask the customer for it.
MISSING = (
    "The customer sent the file “{name}”, but it could not be fetched: it is too large, or not there any more.\n"
    "Клиент прислал файл «{name}», но получить его не удалось: он слишком велик или уже удалён.\n"
    "El cliente envió el archivo «{name}», pero no se pudo obtener: es demasiado grande o ya no está.\n"
)


@dataclass(frozen=True, slots=True)
class Fetching:
    sessions: Sessions
    channels: Mapping[str, Channel]
    blobs: BlobStore

    async def fetch(self, job: ClaimedJob) -> None:
        """Tried again while that may help; then a note takes the file's place, so that nobody misses it unawares."""
        message_id = job.payload["message_id"]
        wanted = RemoteFile(*(str(job.payload[key]) for key in ("ref", "name", "content_type")))
        try:
            file = await self._source(await self._inbox_of(message_id)).fetch_file(wanted)
        except SwitchboardError as error:
            if error.retryable and job.attempts < jobs.MOST_ATTEMPTS:
                raise JobFailedError(Failure(error.code)) from error
            file = Attachment(f"{wanted.name}.txt", "text/plain", MISSING.format(name=wanted.name).encode())
        await self._attach(job, message_id, file)

    def _source(self, inbox_key: str | None) -> FileSource:
        channel = self.channels.get(inbox_key or "")
        if channel is None:
            raise JobFailedError(Failure("channel_off"))
        if not isinstance(channel, FileSource):
            raise NotFound("This channel keeps no files.")
        return channel

    async def _inbox_of(self, message_id: object) -> str | None:
        async with unit_of_work(self.sessions) as session:
            found: str | None = await session.scalar(
                select(models.Inbox.key)
                .join(models.Message, models.Message.inbox_id == models.Inbox.id)
                .where(models.Message.id == message_id)
            )
        return found

    async def _attach(self, job: ClaimedJob, message_id: object, file: Attachment) -> None:
        token = await self.blobs.put(file)
        async with unit_of_work(self.sessions) as session:
            row = {
                "conversation_id": job.conversation_id, "message_id": message_id, "token": token, "name": file.name,
                "content_type": file.content_type, "size": len(file.content),
            }  # fmt: skip
            await session.execute(insert(models.AttachmentRow).values(**row))
            await jobs.finish(session, [job])
            await publish(session, Signal(Topic.CONVERSATION, job.conversation_id or 0))
