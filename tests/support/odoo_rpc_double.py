"""A double of Odoo's older way in, `/jsonrpc`: what was recorded by the newer one, in the shape of the older."""

import json
from typing import Any

import httpx

from tests.support.erp_recordings import Recording

USER = 7


class OdooRpcDouble(httpx.AsyncBaseTransport):
    """No Odoo of that age was asked: this shows that both doors put the same questions and read the same answers."""

    def __init__(self, recording: Recording, key: str) -> None:
        self._recording, self._key = recording, key

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        question = json.loads(request.content)["params"]
        result = await self._answer(question["service"], question["method"], question["args"])
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, **result})

    async def _answer(self, service: str, method: str, args: list[Any]) -> dict[str, Any]:
        if service == "common" and method == "version":
            return {"result": {"server_version": "17.0"}}
        if service == "common" and method == "authenticate":
            return {"result": USER if args[2] == self._key else False}
        _database, user, key, model, called, ids, named = args
        if (user, key) != (USER, self._key):
            return {"error": {"data": {"name": "odoo.exceptions.AccessDenied"}}}
        body = {**({"ids": ids[0]} if ids else {}), **named}
        asked = httpx.Request("POST", f"http://odoo.invalid/json/2/{model}/{called}", json=body)
        answer = await self._recording.handle_async_request(asked)
        return {"result": json.loads(answer.content)}
