"""Exchanges with live ERPs, recorded once and played back: keyed by the exact request, without its headers."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import httpx


def exchange_key(request: httpx.Request) -> str:
    query = "&".join(sorted(request.url.query.decode("ascii").split("&")))
    digest = hashlib.sha1(request.content, usedforsecurity=False).hexdigest()[:12] if request.content else "-"
    return f"{request.method} {request.url.path}?{query} {digest}"


class Recording(httpx.AsyncBaseTransport):
    """In the place of the network. A request that was answered several times is answered in that order."""

    def __init__(self, path: Path) -> None:
        self._exchanges: dict[str, list[dict[str, object]]] = json.loads(path.read_text(encoding="utf-8"))
        self._asked: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        key = exchange_key(request)
        answers = self._exchanges.get(key)
        if not answers:
            raise httpx.ConnectError(f"never recorded: {key[:200]}")
        answer = answers[min(self._asked[key], len(answers) - 1)]
        self._asked[key] += 1
        headers = {"content-type": str(answer["type"])}
        return httpx.Response(int(str(answer["status"])), headers=headers, content=str(answer["body"]).encode())
