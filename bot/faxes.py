"""The `fax` job: a stored fax is drawn and read, and only then becomes a message with its pages."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from channels.fax import ReceivedFax
from channels.fax_reading import FaxRead, read_fax
from crm_core import jobs
from crm_core.blobs import BlobStore
from crm_core.contracts import Address, AddressKind, Attachment, Inbound, JsonObject, Mark
from crm_core.db import Sessions, unit_of_work
from crm_core.jobs import ClaimedJob, JobKind, NewJob

TO_PERSON = "talk_to_person"  # the flow that a page without words starts
Receive = Callable[[str, Inbound], Awaitable[object]]


async def job_of(inbox_key: str, fax: ReceivedFax, blobs: BlobStore) -> NewJob:
    """The documents stored for good, and the job that reads them. A redelivery finds the job's key taken, or its
    message; the copy it stored is an orphan, the price of no lost fax.
    """
    tokens = [await blobs.put(document) for document in fax.documents]
    payload: JsonObject = {
        "inbox": inbox_key, "external_id": fax.external_id, "sender": fax.sender.value, "language": fax.language,
        "documents": [*tokens],
    }  # fmt: skip
    return NewJob(JobKind.FAX, payload=payload, dedupe_key=f"{inbox_key}:{fax.external_id}")


@dataclass(frozen=True, slots=True)
class Faxes:
    """`receive` takes in the finished message; repeated after a crash it changes nothing, by the message's id."""

    sessions: Sessions
    blobs: BlobStore
    receive: Receive
    languages: Sequence[str]

    async def read(self, job: ClaimedJob) -> None:
        tokens = job.payload["documents"]
        documents = [await self._stored(str(token)) for token in (tokens if isinstance(tokens, list) else ())]
        kept = [document for document in documents if document is not None]
        found = await read_fax([document.content for document in kept], self.languages)
        await self.receive(str(job.payload["inbox"]), message_of(job, kept, found))
        async with unit_of_work(self.sessions) as session:
            await jobs.finish(session, [job])

    async def _stored(self, token: str) -> Attachment | None:
        document = await self.blobs.get(token)
        return replace(document, stored_as=token) if document is not None else None


def message_of(job: ClaimedJob, documents: Sequence[Attachment], found: FaxRead) -> Inbound:
    """The pages first, then what was sent. A fax that says nothing we can read goes to a person."""
    language = job.payload["language"]
    pages = [Attachment(f"page-{n}.png", "image/png", page) for n, page in enumerate(found.pages, start=1)]
    marks = {Mark.RECOGNISED if found.text else Mark.UNREADABLE} | (set() if found.is_whole else {Mark.UNREADABLE})
    return Inbound(
        str(job.payload["external_id"]), Address(AddressKind.FAX, str(job.payload["sender"])), found.text,
        language=language if isinstance(language, str) else None, choice=TO_PERSON if found.is_blank else None,
        attachments=(*pages, *documents), marks=frozenset(marks), extra={"pages": len(pages)},
    )  # fmt: skip
