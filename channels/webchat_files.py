"""Files of a chat: taken in before their message, handed out by token and never run in our origin."""

import re
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from channels.webchat_edge import ChatEdge
from channels.webchat_http import body_of, chat_route, error_response, not_found, visitor_of
from channels.webchat_messages import file_json
from channels.webchat_types import ChatFile
from crm_core.contracts import Attachment
from crm_core.errors import InvalidInput, SwitchboardError

LONGEST_NAME = 120
CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
# Control characters, path separators, what Windows forbids, and the overrides that turn text round (Unicode UAX 9).
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAGIC = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "audio/mpeg": re.compile(rb"ID3|\xff[\xe2-\xfb]"),
    "audio/wav": re.compile(rb"RIFF....WAVE", re.DOTALL),
}
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=3600",
    "Referrer-Policy": "no-referrer",
}


def file_routes(edge: ChatEdge) -> APIRouter:
    router = APIRouter(tags=["web chat"])
    guarded = APIRouter(prefix="/chat/{inbox_key}", route_class=chat_route(edge))

    @guarded.post("/attachments")
    async def attach(request: Request) -> Response:
        """The body is the file itself; `X-File-Name` is its name, percent-encoded."""
        edge.limit(edge.limiters.uploads, visitor_of(edge, request).id)
        content = await body_of(request, edge.settings.limits.file_bytes)
        if not content:
            raise InvalidInput("The file is empty.")
        name = safe_name(unquote(request.headers.get("x-file-name", "")))
        file = Attachment(name, content_type_of(request.headers.get("content-type", "")), content)
        token = await edge.ports.store_file(file)
        return JSONResponse(file_json(ChatFile(token, name, file.content_type, len(content))), 201)

    @router.get("/files/{token}/{_name}")
    async def read_file(token: str, _name: str) -> Response:
        try:
            file = await edge.ports.load_file(token)
        except SwitchboardError as error:
            return error_response(error)
        return not_found() if file is None else file_response(file)

    router.include_router(guarded)
    return router


def file_response(file: Attachment) -> Response:
    """Only pictures and recordings that are what they say are shown; everything else is saved."""
    magic = MAGIC.get(file.content_type)
    shown = magic is not None and magic.match(file.content) is not None
    disposition = "inline" if shown else "attachment"
    name = safe_name(file.name)
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    headers = {
        **SAFETY,
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
    }
    return Response(file.content, 200, headers, file.content_type if shown else "application/octet-stream")


def safe_name(name: str) -> str:
    """A file name that is harmless everywhere: no path, no control or direction characters, not endless."""
    last = re.split(r"[/\\]", name)[-1]
    clean = UNSAFE.sub("", last).strip(". ")
    stem, dot, suffix = clean.rpartition(".")
    if len(clean) > LONGEST_NAME:
        clean = f"{stem[: LONGEST_NAME - 11]}{dot}{suffix[:10]}" if dot else clean[:LONGEST_NAME]
    return clean or "file"


def content_type_of(header: str) -> str:
    """The declared type, without parameters, when it is one at all."""
    declared = header.partition(";")[0].strip().lower()
    return declared if CONTENT_TYPE.fullmatch(declared) else "application/octet-stream"
