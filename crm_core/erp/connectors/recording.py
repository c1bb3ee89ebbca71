"""Exchanges with a live ERP as a file to be played back: without headers, keys, tokens, sessions and tracebacks."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import httpx

from crm_core.contracts import Json
from crm_core.erp.port import Capability, Erp
from crm_core.erp.query import AgentIdentity, Asker, OrderQuery, VerifiedBuyer
from crm_core.errors import ErpContract

_HIDDEN = "recorded"
_SECRET_FIELDS = frozenset({"access_token", "refresh_token", "id_token", "session_id", "api_key", "password"})
_OF_AN_ERROR = frozenset({"name", "exc_type"})
_LOGS_IN = b"common.db.login"
_SHORTEST_SECRET = 4  # shorter ones occur in any text


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom and what to ask about."""

    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()


async def ask_everything(erp: Erp, wanted: Wanted) -> None:
    """Each question of the port that leaves nothing behind; an order as an agent and as the customers found."""
    await erp.health()
    by_email = [await erp.find_customers(email=email) for email in wanted.emails]
    by_phone = [await erp.find_customers(phone=phone) for phone in wanted.phones]
    customers = {one.id: one for found in (*by_email, *by_phone) for one in found}
    for customer_id in customers:
        await erp.get_customer(customer_id)
        await erp.list_orders(customer_id)
    askers: list[Asker] = [AgentIdentity("erp record"), *map(VerifiedBuyer, customers)]
    for ref in wanted.orders:
        for asker in askers:
            await erp.get_order(OrderQuery(ref, asker))
    if Capability.PRODUCTS in erp.capabilities():
        for sku in wanted.skus:
            await erp.get_product(sku)


class Exchange(TypedDict):
    """One answer."""

    status: int
    type: str
    body: str


def exchange_key(request: httpx.Request) -> str:
    """What tells a question from others: method, path, query, and a digest of the body; never its headers."""
    query = "&".join(sorted(request.url.query.decode("ascii").split("&")))
    digest = hashlib.sha1(request.content, usedforsecurity=False).hexdigest()[:12] if request.content else "-"
    return f"{request.method} {request.url.path}?{query} {digest}"


class Recorder(httpx.AsyncBaseTransport):
    """Between us and the network. A file that would hold a secret is not written at all."""

    def __init__(self, network: httpx.AsyncBaseTransport | None = None) -> None:
        self._secrets: set[str] = set()
        self._network = network or httpx.AsyncHTTPTransport()
        self._exchanges: dict[str, list[Exchange]] = {}

    def keep_out(self, *secrets: str) -> None:
        self._secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.keep_out(*request.headers.get("authorization", "").split()[1:])
        answer = await self._network.handle_async_request(request)
        content = await answer.aread()
        kind = answer.headers.get("content-type", "")
        kept = Exchange(status=answer.status_code, type=kind, body=_harmless(request, content))
        answers = self._exchanges.setdefault(exchange_key(request), [])
        if kept not in answers[-1:]:
            answers.append(kept)
        return httpx.Response(answer.status_code, headers={"content-type": kind}, content=content)

    async def aclose(self) -> None:
        await self._network.aclose()

    def write(self, path: Path) -> int:
        """The number of questions. Raises ErpContract, and writes nothing, when a secret would be in the file."""
        text = json.dumps(self._exchanges, ensure_ascii=False, indent=0, sort_keys=True)
        if any(secret in text for secret in self._secrets):
            raise ErpContract("The ERP repeats our key in an answer or address: nothing was written.")
        path.write_text(text, encoding="utf-8")
        return len(self._exchanges)


def _harmless(request: httpx.Request, content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    try:
        told: Json = json.loads(text)
    except ValueError:
        return "" if "Traceback" in text else text
    if _LOGS_IN in request.content:
        return json.dumps({"id": 1, "result": [1, _HIDDEN, None]})
    if "Traceback" in text and isinstance(told, dict):
        told = {name: value for name, value in told.items() if name in _OF_AN_ERROR}
    return json.dumps(_hidden(told), ensure_ascii=False)


def _hidden(told: Json) -> Json:
    if isinstance(told, dict):
        return {name: _HIDDEN if name in _SECRET_FIELDS else _hidden(value) for name, value in told.items()}
    return [_hidden(one) for one in told] if isinstance(told, list) else told
