"""The `fetch` job: files that a provider keeps are brought home once their message is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.worker import JobFailedError
from channels.protocol import Channel, KeepsFiles
from crm_core import jobs, models
from crm_core.blobs import BlobStore
from crm_core.contracts import Attachment, JsonObject
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import Forbidden, NotFound, TooLarge, Unavailable
from crm_core.intake import Received
from crm_core.jobs import ClaimedJob, Failure, JobKind, NewJob, enqueue
from crm_core.signals import Signal, Topic, publish

log = structlog.get_logger(__name__)


async def fetch_later(session: AsyncSession, now: datetime, received: Received, inbox_key: str) -> None:
    """In the transaction that stores the message."""
    payload: JsonObject = {"message_id": received.message_id, "inbox": inbox_key}
    await enqueue(session, now, NewJob(JobKind.FETCH, received.conversation_id, payload))


@dataclass(frozen=True, slots=True)
class Fetching:
    """`channels` by inbox key, as for sending."""

    sessions: Sessions
    channels: Mapping[str, Channel]
    blobs: BlobStore

    async def fetch(self, job: ClaimedJob) -> None:
        """A repeated job fetches again: an orphan on the disk is the price of no lost file."""
        channel: object = self.channels.get(str(job.payload["inbox"]))
        if not isinstance(channel, KeepsFiles):
            raise JobFailedError(Failure("channel_off"))
        files = [file for link in await self._links(job) if (file := await self._fetched(channel, link, job))]
        tokens = [await self.blobs.put(file) for file in files]
        async with unit_of_work(self.sessions) as session:
            await _attach(session, job, list(zip(files, tokens, strict=True)))
            await jobs.finish(session, [job])
            await publish(session, Signal(Topic.CONVERSATION, job.conversation_id or 0))

    async def _links(self, job: ClaimedJob) -> list[tuple[str, str]]:
        statement = select(models.Message.content).where(models.Message.id == job.payload["message_id"])
        async with self.sessions() as session:
            content = await session.scalar(statement)
        links = (content or {}).get("media")
        return [(str(link["url"]), str(link["name"])) for link in links or () if isinstance(link, dict)]  # type: ignore[union-attr]

    async def _fetched(self, channel: KeepsFiles, link: tuple[str, str], job: ClaimedJob) -> Attachment | None:
        """None for what can never be had: the message is shown without it, and the log says why."""
        try:
            return await channel.fetch(*link)
        except Unavailable:
            raise JobFailedError(Failure("file_unavailable", retryable=True)) from None
        except (Forbidden, NotFound, TooLarge) as error:
            log.warning("file.not_fetched", job_id=job.id, message_id=job.payload["message_id"], code=error.code)
            return None


async def _attach(session: AsyncSession, job: ClaimedJob, files: list[tuple[Attachment, str]]) -> None:
    rows = [
        {
            "conversation_id": job.conversation_id, "message_id": job.payload["message_id"], "token": token,
            "name": file.name, "content_type": file.content_type, "size": len(file.content),
        }
        for file, token in files
    ]  # fmt: skip
    if rows:
        await session.execute(insert(models.AttachmentRow), rows)
