"""What stands before every route: where a request comes from, its token, its size; and the headers of every answer."""

import hashlib
import hmac
import re
import secrets
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request, Response
from starlette.requests import HTTPConnection

from crm_core.errors import Forbidden, Malformed, TooLarge
from desk.services import Desk

MOST_FORM_BYTES = 300_000  # 20,000 characters, percent-encoded
MOST_FIELDS = 200  # a queue is chosen for many intents
COOKIE = "switchboard"
FORM_COOKIE = "switchboard-form"
STEP_COOKIE = "switchboard-step"
TRUSTED_SITES = frozenset({"same-origin", "none"})
_PATH = re.compile(r"/desk(?:[/?][\w\-./?=&%]*)?")


class ForeignRequest(Forbidden):
    """A change that was not asked for by a page of ours."""

    code = "refused"


class FactorMissing(Forbidden):
    """Logged in, in a role that needs a second factor, without one: the page to set it up is all there is."""

    code = "factor_missing"


def content_policy(websocket_origin: str) -> str:
    """Only our own files; nothing inline, framed by nobody. The socket is named because older browsers need it."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"frame-src 'self'; connect-src 'self' {websocket_origin}; media-src 'self'; form-action 'self'; "
        "base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def add_headers(desk: Desk, response: Response) -> None:
    """OWASP HTTP Headers Cheat Sheet."""
    response.headers.setdefault("Content-Security-Policy", content_policy(desk.origin.replace("http", "ws", 1)))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("X-Frame-Options", "DENY")  # the frame of a letter sends its own, stricter rules
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
    response.headers["Cache-Control"] = "no-store"
    if desk.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


def cookie_name(desk: Desk, name: str = COOKIE) -> str:
    return f"__Host-{name}" if desk.is_secure else name


def set_cookie(desk: Desk, response: Response, value: str, name: str = COOKIE) -> None:
    """Lives until the browser closes; how long it is worth something the server knows."""
    response.set_cookie(
        cookie_name(desk, name), value, path="/", secure=desk.is_secure, httponly=True, samesite="lax"
    )  # fmt: skip


def drop_cookie(desk: Desk, response: Response, name: str = COOKIE) -> None:
    response.delete_cookie(cookie_name(desk, name), path="/", secure=desk.is_secure, httponly=True, samesite="lax")


def session_token(desk: Desk, connection: HTTPConnection) -> str | None:
    return connection.cookies.get(cookie_name(desk))


def is_own_origin(desk: Desk, connection: HTTPConnection) -> bool:
    """The `Origin` is ours: the configured address, or the host that was asked. A missing one is not."""
    origin = connection.headers.get("origin", "")
    parts = urlsplit(origin)
    asked = connection.headers.get("host", "")
    return origin == desk.origin or (parts.scheme in ("http", "https") and bool(asked) and parts.netloc == asked)


def require_own_page(desk: Desk, request: Request) -> None:
    """Fetch Metadata, then `Origin` (OWASP CSRF Cheat Sheet). What sends neither is left to the token."""
    site = request.headers.get("sec-fetch-site")
    foreign_site = site is not None and site not in TRUSTED_SITES
    foreign_origin = "origin" in request.headers and not is_own_origin(desk, request)
    if foreign_site or foreign_origin:
        raise ForeignRequest("This request did not come from the desk.")


async def read_form(request: Request) -> dict[str, str]:
    """The fields of an URL-encoded form; of a repeated field the first. Raises Malformed and TooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            raise TooLarge("This is too long.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if body and kind != "application/x-www-form-urlencoded":
        raise Malformed("Send this as a form.")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )  # fmt: skip
    except ValueError as error:
        raise Malformed("This form cannot be read.") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def require_token(request: Request, fields: dict[str, str], expected: str) -> None:
    """The synchronizer token of the session: in the header (htmx) or in a hidden field (plain forms)."""
    given = request.headers.get("x-csrf-token") or fields.get("csrf_token") or ""
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise ForeignRequest("The token of this form is not that of the session.")


def form_token(desk: Desk, request: Request) -> tuple[str, str]:
    """Before there is a session: a cookie, and the field that only a page of ours can compute from it."""
    cookie = request.cookies.get(cookie_name(desk, FORM_COOKIE)) or secrets.token_urlsafe(32)
    return cookie, _signed(desk.services.key, cookie)


def is_form_token(desk: Desk, request: Request, given: str) -> bool:
    cookie = request.cookies.get(cookie_name(desk, FORM_COOKIE))
    return cookie is not None and hmac.compare_digest(given.encode(), _signed(desk.services.key, cookie).encode())


def _signed(key: bytes, cookie: str) -> str:
    return hmac.new(key, b"form:" + cookie.encode(), hashlib.sha256).hexdigest()


def safe_next(wanted: str | None) -> str:
    """A path of the desk, or the inbox: never another site, another scheme, or a path that a browser reads as one."""
    return wanted if wanted and _PATH.fullmatch(wanted) and "//" not in wanted else "/desk"
