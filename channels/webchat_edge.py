"""What every route of web chat asks first: which inbox, whose token, from which site, how often."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from channels.payload import read_json
from channels.rate_limit import RateLimiter
from channels.webchat_identity import IdentityCheck, Visitor, VisitorTokens
from channels.webchat_messages import MessageBody, VisitorBody
from channels.webchat_types import Accepted, ChatInbox, ChatPorts, ChatSettings
from crm_core.contracts import Attachment, Identity, Inbound
from crm_core.errors import Forbidden, InvalidInput, NotFound, RateLimited, Unauthenticated

BODY_BYTES = 64 * 1024


class TooOften(RateLimited):
    """Raised with the seconds after which the next one is allowed."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("Too many requests; please wait a moment.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Limiters:
    messages: RateLimiter
    frames: RateLimiter
    visitors: RateLimiter
    uploads: RateLimiter
    letters: RateLimiter


class ChatEdge:
    """Ports, settings and the state of the limits; made once with the routes."""

    def __init__(self, ports: ChatPorts, settings: ChatSettings) -> None:
        self.ports, self.settings = ports, settings
        self.tokens = VisitorTokens(settings.token_key)
        limits = settings.limits
        self.limiters = Limiters(
            RateLimiter(limits.messages), RateLimiter(limits.frames), RateLimiter(limits.visitors),
            RateLimiter(limits.uploads), RateLimiter(limits.letters),
        )  # fmt: skip
        self._checks = {
            inbox.key: IdentityCheck(inbox.key, inbox.identity_secret)
            for inbox in settings.inboxes.values()
            if inbox.identity_secret is not None
        }
        self._own_origins = own_origins(settings.base_url)

    def inbox(self, key: str) -> ChatInbox:
        found = self.settings.inboxes.get(key)
        if found is None:
            raise NotFound("There is no such chat.")
        return found

    def allowed_origins(self, inbox: ChatInbox) -> frozenset[str]:
        return self._own_origins | {origin_of(url) for url in inbox.origins}

    def check_origin(self, inbox: ChatInbox, origin: str | None) -> None:
        """Raises Forbidden for a page of a site that may not embed this inbox."""
        if origin is None or origin_of(origin) not in self.allowed_origins(inbox):
            raise Forbidden("This site may not use this chat.")

    def visitor(self, inbox_key: str, headers: Mapping[str, str]) -> Visitor:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("A chat token is needed.")
        return self.tokens.read(self.inbox(inbox_key).key, token.strip())

    def new_visitor(self, inbox: ChatInbox, body: VisitorBody) -> Visitor:
        return self.tokens.new_visitor(inbox.key, self._identity(inbox, body))

    def _identity(self, inbox: ChatInbox, body: VisitorBody) -> Identity | None:
        if body.identity_token is None and body.user_id is None and body.user_hash is None:
            return None
        check = self._checks.get(inbox.key)
        if check is None:
            raise Unauthenticated("This chat does not accept identities.")
        if body.identity_token is not None:
            return check.from_jwt(body.identity_token)
        return check.from_hmac(body.user_id or "", body.user_hash or "")

    def limit(self, limiter: RateLimiter, *keys: str) -> None:
        """Raises TooOften when any of `keys` is over its rate."""
        for key in keys:
            wait_s = limiter.take(key)
            if wait_s:
                raise TooOften(wait_s)

    async def accept(self, visitor: Visitor, body: bytes) -> tuple[str, Accepted]:
        """Store one message for good; its client id, and what became of it."""
        message = read_json(MessageBody, body)
        self.limit(self.limiters.messages, visitor.id)
        inbound = await self.with_files(inbound_of(visitor, message, body))
        return message.id, await self.ports.receive(visitor.inbox_key, inbound)

    async def with_files(self, inbound: Inbound) -> Inbound:
        """`inbound` with the content of the files that it names by token."""
        files: list[Attachment] = []
        for named in inbound.attachments:
            stored = await self.ports.load_file(named.stored_as or "")
            if stored is None:
                raise InvalidInput("An attached file is not there any more; attach it again.")
            files.append(replace(stored, stored_as=named.stored_as))
        return replace(inbound, attachments=tuple(files))


def inbound_of(visitor: Visitor, message: MessageBody, raw: bytes) -> Inbound:
    """The same for socket and HTTP. The id is scoped by visitor: nobody can meet another's message by its id."""
    return Inbound(
        external_id=f"{visitor.id}:{message.id}",
        sender=visitor.address,
        text=message.text,
        language=message.language,
        choice=message.choice,
        identity=visitor.identity,
        attachments=tuple(Attachment("", "", b"", stored_as=token) for token in message.attachments),
        raw=raw,
    )


def own_origins(base_url: str) -> frozenset[str]:
    """Our own address; on one's own machine its other name as well, since people type either."""
    own = origin_of(base_url)
    aliases = ("//localhost", "//127.0.0.1")
    return frozenset({own, *(own.replace(here, there, 1) for here in aliases for there in aliases if here in own)})


def origin_of(url: str) -> str:
    """scheme://host[:port] in lower case, default ports left out (RFC 6454 section 6.1); "null" when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "null"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "null"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if port in (None, default) else f"{parts.scheme}://{host}:{port}"
