"""Who a chat visitor is: our own signed token, and what the embedding shop may prove about a customer."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

import jwt
from pydantic import ValidationError

from channels.payload import Body, Text
from crm_core.contracts import Address, AddressKind, Identity
from crm_core.errors import SetupRequired, Unauthenticated

ANONYMOUS_TOKEN_S = 365 * 24 * 3600
IDENTIFIED_TOKEN_S = 24 * 3600
LONGEST_IDENTITY_S = 3600
CLOCK_SKEW_S = 60
SHORTEST_SECRET = 32  # RFC 7518 section 3.2: a key of at least the hash's size
MOST_TOKEN_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Visitor:
    """A chat visitor in one inbox; `identity` is what a shop proved, never what the visitor says."""

    inbox_key: str
    id: str
    identity: Identity | None = None

    @property
    def address(self) -> Address:
        return Address(AddressKind.WEB, self.id)


class _Claims(Body):
    """Inside a visitor's token; short names keep it small."""

    i: str
    v: str
    x: int
    ref: Text | None = None
    email: Text | None = None
    name: Text | None = None


class VisitorTokens:
    """Issues and reads `payload.signature`, HMAC-SHA256; stateless, so any process can read it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new_visitor(self, inbox_key: str, identity: Identity | None) -> Visitor:
        """Anonymous visitors are fresh each time; a proved customer is the same visitor on every device."""
        if identity is None or identity.customer_ref is None:
            return Visitor(inbox_key, secrets.token_hex(16), identity)
        subject = f"visitor\x1f{inbox_key}\x1f{identity.customer_ref}".encode()
        return Visitor(inbox_key, hmac.digest(self._key, subject, hashlib.sha256).hex()[:32], identity)

    def issue(self, visitor: Visitor) -> str:
        who = visitor.identity or Identity()
        life_s = ANONYMOUS_TOKEN_S if visitor.identity is None else IDENTIFIED_TOKEN_S
        claims = _Claims(
            i=visitor.inbox_key, v=visitor.id, x=int(time.time()) + life_s,
            ref=who.customer_ref, email=who.email, name=who.name,
        )  # fmt: skip
        payload = base64.urlsafe_b64encode(claims.model_dump_json(exclude_none=True).encode()).rstrip(b"=")
        return f"{payload.decode()}.{self._signature(payload)}"

    def read(self, inbox_key: str, token: str) -> Visitor:
        """Raises Unauthenticated for a token that is forged, expired or of another inbox."""
        payload, _, signature = token.partition(".")
        raw = payload.encode(errors="replace")
        if len(token) > MOST_TOKEN_CHARACTERS or not hmac.compare_digest(
            self._signature(raw).encode(), signature.encode(errors="replace")
        ):
            raise Unauthenticated("This chat token is not valid.")
        try:
            claims = _Claims.model_validate_json(base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4)))
        except (ValidationError, binascii.Error):
            raise Unauthenticated("This chat token is not valid.") from None
        if claims.i != inbox_key or claims.x < time.time():
            raise Unauthenticated("This chat token is not valid here or has expired.")
        known = claims.ref or claims.email or claims.name
        identity = Identity(customer_ref=claims.ref, email=claims.email, name=claims.name) if known else None
        return Visitor(inbox_key, claims.v, identity)

    def _signature(self, payload: bytes) -> str:
        return hmac.digest(self._key, b"token\x1f" + payload, hashlib.sha256).hex()


class IdentityCheck:
    """What the shop's server signed with the inbox's secret about its logged-in customer."""

    def __init__(self, inbox_key: str, secret: bytes) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise SetupRequired(
                f"The identity secret of inbox {inbox_key} is shorter than {SHORTEST_SECRET} bytes; make one with"
                " `openssl rand -hex 32`."
            )
        self._inbox_key, self._secret = inbox_key, secret

    def from_jwt(self, token: str) -> Identity:
        """HS256 only, for this inbox, valid for an hour at most. Raises Unauthenticated."""
        try:
            claims = jwt.decode(
                token, self._secret, algorithms=["HS256"], audience=self._inbox_key,
                options={"require": ["exp", "sub", "aud"]},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated("The identity token is not valid.") from None
        if claims["exp"] > time.time() + LONGEST_IDENTITY_S + CLOCK_SKEW_S:
            raise Unauthenticated("The identity token is valid for more than an hour.")
        customer_ref = _claim(claims["sub"])
        if customer_ref is None:
            raise Unauthenticated("The identity token names no customer.")
        return Identity(customer_ref, email=_claim(claims.get("email")), name=_claim(claims.get("name")))

    def from_hmac(self, user_id: str, signature: str) -> Identity:
        """The older way: hex HMAC-SHA256 of the user id proves the id and nothing else. Raises Unauthenticated."""
        expected = hmac.digest(self._secret, user_id.encode(), hashlib.sha256).hex()
        if not user_id or not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            raise Unauthenticated("The identity signature is not valid.")
        return Identity(customer_ref=user_id)


def _claim(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip() or "\x00" in value or len(value) > 320:  # noqa: PLR2004 - RFC 5321 4.5.3.1
        return None
    return value.strip()
