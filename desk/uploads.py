"""Files that an agent attaches: taken in before the reply that sends them."""

import re
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from crm_core.access import Action, require
from crm_core.blobs import BlobStore
from crm_core.contracts import Attachment, ConversationId
from crm_core.conversations import lock_conversation
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput, NotFound, TooLarge
from crm_core.outgoing_files import StoredFile
from desk.answers import route_class
from desk.guard import require_own_page, require_token
from desk.reader import require_reader
from desk.services import Desk, PathId

MOST_FILE_BYTES, MOST_FILES = 20_000_000, 10
LONGEST_NAME = 120
CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class FileTooLarge(TooLarge):
    code = "file_too_large"


def upload_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.post("/desk/c/{conversation_id}/files")
    async def upload(request: Request, conversation_id: PathId) -> Response:
        """The body is the file; `X-File-Name` its name, percent-encoded."""
        require_own_page(desk, request)
        reader = await require_reader(desk, request)
        require_token(request, {}, reader.csrf_token)
        async with unit_of_work(desk.services.sessions) as session:
            require(reader.reach, Action.REPLY, await lock_conversation(session, ConversationId(conversation_id)))
        content = await _content(request)
        name = file_name(unquote(request.headers.get("x-file-name", "")))
        declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        kind = declared if CONTENT_TYPE.fullmatch(declared) else "application/octet-stream"
        token = await blobs_of(desk).put(Attachment(name, kind, content))
        return JSONResponse({"token": token, "name": name, "size": len(content)}, 201)

    return router


async def _content(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_FILE_BYTES:
            raise FileTooLarge(f"The file is too large: {MOST_FILE_BYTES // 1_000_000} MB at most.")
    if not content:
        raise InvalidInput("The file is empty.")
    return bytes(content)


def file_name(name: str) -> str:
    """Harmless everywhere: no path, no control or direction characters, not endless."""
    last = re.split(r"[/\\]", name)[-1]
    return UNSAFE.sub("", last).strip(". ")[:LONGEST_NAME] or "file"


async def chosen_files(desk: Desk, written: str) -> tuple[StoredFile, ...]:
    """The files whose tokens a reply names. Raises NotFound for one that is not there."""
    tokens = list(dict.fromkeys(written.split()))
    if len(tokens) > MOST_FILES:
        raise InvalidInput(f"At most {MOST_FILES} files go with one reply.")
    found = [(token, await blobs_of(desk).get(token)) for token in tokens]
    if any(file is None for _, file in found):
        raise NotFound("A file of this reply is gone: attach it again.")
    return tuple(StoredFile(token, file.name, file.content_type, len(file.content)) for token, file in found if file)


def blobs_of(desk: Desk) -> BlobStore:
    if desk.services.blobs is None:
        raise NotFound("Files are not kept here.")
    return desk.services.blobs
