"""The formatted view of a mail: in a frame that runs nothing, loads nothing, and is nobody's origin."""

import base64
import html
import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.contracts import JsonObject
from crm_core.db import unit_of_work
from crm_core.errors import NotFound
from crm_core.transcripts import FileEntry, TranscriptEntry, transcript
from desk.answers import route_class
from desk.reader import require_reader
from desk.services import Desk, PathId
from desk.uploads import blobs_of

MOST_INLINE_BYTES, MOST_INLINE = 4_000_000, 30
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_CID = re.compile(r'src="cid:([^"]{1,200})"')
_REMOTE = re.compile(r'<img[^>]*\ssrc="https?://', re.IGNORECASE)
STYLE = (
    "body{margin:10px 12px;font:14px/1.5 system-ui,sans-serif;color:#171a21;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}blockquote{margin:0 0 0 8px;padding-left:10px;"
    "border-left:3px solid #d5d9e2;color:#4b5263}a{color:#3450c8}pre{white-space:pre-wrap}"
)


def frame_policy(*, with_images: bool) -> str:
    """Sandboxed: no script, no form, an origin of its own; links open elsewhere."""
    pictures = "data: https: http:" if with_images else "data:"
    return (
        f"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src {pictures};"
        " style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )


def letter_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/c/{conversation_id}/letters/{message_id}")
    async def letter(request: Request, conversation_id: PathId, message_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            found = await transcript(session, reader.reach, conversation_id)
        entry = next((entry for entry in found.entries if entry.id == message_id), None)
        markup = entry.extra.get("html") if entry is not None else None
        if entry is None or not isinstance(markup, str):
            raise NotFound("This message has no formatted view.")
        page = _page(await _with_pictures(desk, entry, markup))
        policy = frame_policy(with_images=request.query_params.get("images") == "1")
        return HTMLResponse(page, headers={
            "Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer",
        })  # fmt: skip

    return router


def has_remote_pictures(extra: JsonObject) -> bool:
    markup = extra.get("html")
    return isinstance(markup, str) and _REMOTE.search(markup) is not None


def _page(markup: str) -> str:
    return (
        '<!doctype html><html><head><meta charset="utf-8"><base target="_blank">'
        f"<style>{STYLE}</style></head><body>{markup}</body></html>"
    )


async def _with_pictures(desk: Desk, entry: TranscriptEntry, markup: str) -> str:
    """Pictures that came along are put into the page itself: the frame may load nothing."""
    places, shown = entry.extra.get("inline"), dict[str, str]()
    room = MOST_INLINE_BYTES
    for cid, place in list(places.items())[:MOST_INLINE] if isinstance(places, dict) else ():
        if not isinstance(place, int) or place >= len(entry.attachments):
            continue
        file = entry.attachments[place]
        if file.content_type in PICTURES and file.size <= room:
            room -= file.size
            shown[cid] = await _address(desk, file)
    return _CID.sub(lambda found: f'src="{shown.get(html.unescape(found[1]), "")}"', markup)


async def _address(desk: Desk, file: FileEntry) -> str:
    stored = await blobs_of(desk).get(file.token)
    return f"data:{file.content_type};base64,{base64.b64encode(stored.content).decode()}" if stored else ""
