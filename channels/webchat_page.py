"""What the browser loads: the loader script, the frame, their static files; and the door of the socket."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter, Request, Response, WebSocket
from jinja2 import Environment, FileSystemLoader

from channels.webchat_edge import ChatEdge, origin_of
from channels.webchat_http import error_response, not_found
from channels.webchat_socket import ChatSocket
from channels.webchat_types import ChatInbox
from crm_core.errors import Forbidden, NotFound, SwitchboardError

STATIC = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


class WidgetFiles:
    """The widget's files in memory, under a version that changes with any of them: cached for ever, never stale."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(path for path in folder.iterdir() if path.suffix in TYPES)
        self.by_name = {path.name: path.read_bytes() for path in paths}
        digest = hashlib.sha256()
        for name, content in self.by_name.items():
            digest.update(name.encode() + b"\0" + content)
        self.version = digest.hexdigest()[:12]

    def response(self, version: str, name: str) -> Response:
        content = self.by_name.get(name)
        if content is None:
            return not_found()
        caching = "public, max-age=31536000, immutable" if version == self.version else "no-cache"
        headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"}
        return Response(content, 200, headers, TYPES[Path(name).suffix])


def page_routes(edge: ChatEdge) -> APIRouter:
    router = APIRouter(prefix="/chat", tags=["web chat"])
    files = WidgetFiles(STATIC)
    page = Environment(loader=FileSystemLoader(STATIC), autoescape=True).get_template("frame.html")
    loader = _loader(files, edge.settings.inboxes)

    @router.get("/widget.js")
    async def widget(request: Request) -> Response:
        headers = {
            "Cache-Control": "public, max-age=300",
            "ETag": f'"{hashlib.sha256(loader).hexdigest()[:16]}"',
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(None, 304, headers)
        return Response(loader, 200, headers, TYPES[".js"])

    @router.get("/static/{version}/{name}", include_in_schema=False)
    async def static(version: str, name: str) -> Response:
        return files.response(version, name)

    @router.get("/{inbox_key}/frame")
    async def frame(inbox_key: str, origin: str = "") -> Response:
        """The page inside the iframe; `origin` is the embedding page's, the only one it will talk to."""
        try:
            inbox = edge.inbox(inbox_key)
            edge.check_origin(inbox, origin or edge.settings.base_url)
        except SwitchboardError as error:
            return error_response(error)
        parent = origin_of(origin or edge.settings.base_url)
        config = {
            "inbox": inbox.key, "company": inbox.company, "accent": inbox.accent, "languages": inbox.languages,
            "parent": parent, "mostBytes": edge.settings.limits.file_bytes,
            "mostFiles": edge.settings.limits.files_per_message,
        }  # fmt: skip
        html = page.render(version=files.version, company=inbox.company, config=json.dumps(config))
        return Response(html, 200, _frame_headers(edge, inbox), "text/html; charset=utf-8")

    return router


def _loader(files: WidgetFiles, inboxes: Mapping[str, ChatInbox]) -> bytes:
    colours = {inbox.key: [inbox.accent, ink_on(inbox.accent)] for inbox in inboxes.values()}
    written = json.dumps(colours, separators=(",", ":")).encode()
    plain = re.sub(rb"\n\s+", b"\n", files.by_name["loader.js"])
    return plain.replace(b'"__COLOURS__"', written)


def ink_on(colour: str) -> str:
    """White or near-black, whichever reads better on `colour` (#rrggbb; relative luminance of WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)  # noqa: PLR2004 - sRGB
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#fff" if 1.05 / (luminance + 0.05) >= 4.5 else "#0f1218"  # noqa: PLR2004 - WCAG 1.4.3


def _frame_headers(edge: ChatEdge, inbox: ChatInbox) -> dict[str, str]:
    sockets = edge.settings.base_url.replace("http", "ws", 1).rstrip("/")
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        "font-src": "'self'",
        "connect-src": f"'self' {sockets}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": " ".join(["'self'", *sorted(edge.allowed_origins(inbox))]),
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }


def socket_routes(edge: ChatEdge) -> APIRouter:
    router = APIRouter(prefix="/chat")

    @router.websocket("/{inbox_key}/socket")
    async def socket(websocket: WebSocket, inbox_key: str) -> None:
        """Closing before accepting answers 403 to the handshake."""
        try:
            edge.check_origin(edge.inbox(inbox_key), websocket.headers.get("origin"))
        except (Forbidden, NotFound):
            await websocket.close(1008)
            return
        await websocket.accept()
        await ChatSocket(edge, websocket, inbox_key).serve()

    return router
