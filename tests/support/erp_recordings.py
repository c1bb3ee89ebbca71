"""Exchanges with live ERPs, recorded once by `python -m bot erp record` and played back."""

import json
from collections import Counter
from pathlib import Path

import httpx

from crm_core.erp.connectors.recording import Exchange, exchange_key


class Recording(httpx.AsyncBaseTransport):
    """In the place of the network. A request that was answered several times is answered in that order."""

    def __init__(self, path: Path) -> None:
        self._exchanges: dict[str, list[Exchange]] = json.loads(path.read_text(encoding="utf-8"))
        self._asked: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        key = exchange_key(request)
        answers = self._exchanges.get(key)
        if not answers:
            raise httpx.ConnectError(f"never recorded: {key[:200]}")
        answer = answers[min(self._asked[key], len(answers) - 1)]
        self._asked[key] += 1
        return httpx.Response(
            answer["status"], headers={"content-type": answer["type"]}, content=answer["body"].encode()
        )
