"""The two ways into Odoo: JSON-2 with a bearer key (19 and later), `/jsonrpc` with the key as password (14 to 18)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from crm_core.contracts import Json
from crm_core.erp.connectors.reading import record
from crm_core.erp.connectors.transport import Address, ErpHttp
from crm_core.errors import ErpAuth, ErpBadRequest, ErpContract, ErpError, ErpForbidden, ErpUnavailable

# Odoo answers a mistake of ours with 500, as if it were down
_OUR_FAULT = frozenset({
    "builtins.ValueError", "builtins.KeyError", "builtins.TypeError", "odoo.exceptions.UserError",
    "odoo.exceptions.ValidationError",
})  # fmt: skip
_READING = frozenset({"search_read", "fields_get", "read", "search_count"})
_DENIED = "odoo.exceptions.AccessDenied"
_NO_RIGHT = "odoo.exceptions.AccessError"


class Door(Protocol):
    """Calls a method of a model by name."""

    async def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Json: ...

    async def version(self) -> str: ...

    async def aclose(self) -> None: ...


def odoo_error(name: str) -> ErpError:
    """By the Python exception that Odoo names."""
    if name in _OUR_FAULT:
        return ErpBadRequest("Odoo does not understand our question: a field or method is missing in this version.")
    if name == _DENIED:
        return ErpAuth("Odoo does not accept our key: make a new one, see docs/erp.")
    if name == _NO_RIGHT:
        return ErpForbidden("The rights of our user in Odoo do not allow this question: see docs/erp.")
    return ErpUnavailable("Odoo failed to answer.")


def _server_error(_status: int, body: bytes) -> ErpError:
    try:
        told = json.loads(body)
    except ValueError:
        return ErpUnavailable("Odoo failed to answer.")
    return odoo_error(str(told.get("name", "")) if isinstance(told, dict) else "")


class OdooJson2:
    """Named arguments in the body of `POST /json/2/<model>/<method>`."""

    def __init__(self, address: Address, database: str, key: str) -> None:
        headers = {**address.headers, "Authorization": f"bearer {key}", "X-Odoo-Database": database}
        self._http = ErpHttp(replace(address, headers=headers), server_error=_server_error)

    async def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Json:
        return await self._http.post(f"/json/2/{model}/{method}", dict(arguments), writes=method not in _READING)

    async def version(self) -> str:
        return str(record(await self._http.get("/web/version")).get("version"))

    async def aclose(self) -> None:
        await self._http.aclose()


class OdooRpc:
    """`execute_kw` of `/jsonrpc`. Failures come with 200."""

    def __init__(self, address: Address, database: str, login: tuple[str, str]) -> None:
        self._http = ErpHttp(address)
        self._database, (self._login, self._key) = database, login
        self._user: int | None = None

    async def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Json:
        if self._user is None:
            self._user = await self._authenticate()
        named = dict(arguments)
        ids = [named.pop("ids")] if "ids" in named else []
        question = [self._database, self._user, self._key, model, method, ids, named]
        return await self._service("object", "execute_kw", question, writes=method not in _READING)

    async def version(self) -> str:
        return str(record(await self._service("common", "version", [])).get("server_version"))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _authenticate(self) -> int:
        user = await self._service("common", "authenticate", [self._database, self._login, self._key, {}])
        if not isinstance(user, int) or not user:
            raise ErpAuth("Odoo does not accept our log-in: make a new key, see docs/erp.")
        return user

    async def _service(self, service: str, method: str, arguments: list[Any], *, writes: bool = False) -> Json:
        params: dict[str, Json] = {"service": service, "method": method, "args": arguments}
        message: dict[str, Json] = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        told = record(await self._http.post("/jsonrpc", message, writes=writes))
        if "error" in told:
            detail = told["error"].get("data") if isinstance(told["error"], dict) else None
            raise odoo_error(str((detail or {}).get("name", "")))
        if "result" not in told:
            raise ErpContract("Odoo's answer holds no result.")
        found: Json = told["result"]
        return found
