"""Did Twilio, or a provider that signs like it, send this? HMAC-SHA1 over the configured address and the form."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from channels.protocol import ChannelRequest

MOST_FIELDS = 500
FORM = "application/x-www-form-urlencoded"
_DEFAULT_PORTS = {"https": 443, "http": 80}


class SignatureScheme(StrEnum):
    """Who signs: the algorithm is one, the header is not."""

    TWILIO = "twilio"
    SIGNALWIRE = "signalwire"


HEADERS: Mapping[SignatureScheme, str] = {
    SignatureScheme.TWILIO: "x-twilio-signature",
    SignatureScheme.SIGNALWIRE: "x-signalwire-signature",
}


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """One account. The first token signs our calls; each of them may sign theirs, so that tokens can be changed.

    `public_url` is where customers and providers reach us, without a path of a route.
    """

    sid: str
    tokens: tuple[str, ...] = field(repr=False)
    public_url: str
    api_base_url: str = "https://api.twilio.com"
    scheme: SignatureScheme = SignatureScheme.TWILIO

    def __post_init__(self) -> None:
        if not self.tokens or not all(self.tokens):
            raise ValueError("an account without a token would accept whatever is signed with an empty one")

    def is_signed(self, request: ChannelRequest) -> bool:
        """True when one of the tokens signed `request`, with or without the port in its address."""
        given = request.headers.get(HEADERS[self.scheme], "").encode("utf-8", errors="surrogatepass")
        query = f"?{request.query}" if request.query else ""
        signed = signed_fields(request)
        if not given or signed is None:
            return False
        urls = _port_variants(f"{self.public_url.rstrip('/')}{request.path}{query}")
        expected = [signature(token, url, signed) for token in self.tokens for url in urls]
        return any([hmac.compare_digest(given, each.encode()) for each in expected])  # noqa: C419 - each, always


def form_of(request: ChannelRequest) -> list[tuple[str, str]]:
    """The fields in order, blank ones and spaces kept; nothing for what is no form."""
    return (_pairs(request.body.decode("utf-8", errors="replace")) if _is_form(request) else None) or []


def signed_fields(request: ChannelRequest) -> list[tuple[str, str]] | None:
    """What the signature covers besides the address; None for a body that it does not cover."""
    named = dict(_pairs(request.query) or ()).get("bodySHA256")
    if named is not None:
        found = hashlib.sha256(request.body).hexdigest()
        return [] if hmac.compare_digest(found.encode(), named.lower().encode("utf-8", "replace")) else None
    if _is_form(request):
        return _pairs(request.body.decode("utf-8", errors="replace"))
    return None if request.body else []


def _is_form(request: ChannelRequest) -> bool:
    return request.headers.get("content-type", FORM).partition(";")[0].strip().lower() == FORM


def _pairs(written: str) -> list[tuple[str, str]] | None:
    """None for more fields than any form of theirs has."""
    try:
        return parse_qsl(written, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return None


def signature(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """Twilio's own rule (twilio.com/docs/usage/security): sorted by name, each value of a name once."""
    signed = url + "".join(_sorted(fields))
    digest = hmac.digest(token.encode(), signed.encode("utf-8", errors="replace"), hashlib.sha1)
    return base64.b64encode(digest).decode()


def _sorted(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    name_of = itemgetter(0)
    for name, group in groupby(sorted(fields), key=name_of):
        for value in sorted({value for _, value in group}):
            yield name + value


def _port_variants(url: str) -> Sequence[str]:
    """As configured, without the port, and with the scheme's own one: Twilio signs either."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 443)
    netlocs = dict.fromkeys([parts.netloc, bracketed, f"{bracketed}:{port}"])
    return [urlunsplit(parts._replace(netloc=netloc)) for netloc in netlocs]
