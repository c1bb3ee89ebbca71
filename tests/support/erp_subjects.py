"""Every ERP that the contract is tried on: the embedded one, a live Tryton by both its doors, recordings, doubles."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from config.erps import ErpEntry
from crm_core.db import Sessions, utc_now
from crm_core.erp.connectors.one_c_names import OneCNames
from crm_core.erp.connectors.one_c_records import customer_of
from crm_core.erp.connectors.opening import Surroundings, open_connector
from crm_core.erp.connectors.states import state_map
from crm_core.erp.connectors.transport import Address
from crm_core.erp.connectors.tryton import Tryton, TrytonOptions
from crm_core.erp.connectors.tryton_doors import TrytonRest, TrytonRpc
from crm_core.erp.connectors.tryton_records import TrytonOrders
from crm_core.erp.port import Customer, Erp
from crm_core.erp.quantities import clean_email, same_phone
from crm_core.erp.sql import SqlErp
from crm_core.errors import ErpBadRequest
from tests.support.erp_recordings import Recording
from tests.support.odata_golden import CENTRAL, central_double, sap_double, sap_v4_double
from tests.support.odoo_rpc_double import OdooRpcDouble
from tests.support.one_c_golden import ADA, IVAN, PEOPLE, ROOT_1C, one_c_double
from tests.support.oracle_double import OracleDouble
from tests.support.tryton_server import BIN, DATABASE, TrytonServer

RECORDINGS = Path(__file__).parents[1] / "crm_core" / "erp" / "recordings"
has_tryton = (BIN / "trytond").exists()
NO_TRYTON = "Tryton is not here: bin/make-tryton says why"


@dataclass(frozen=True, slots=True)
class Access:
    """What a test of failures puts in the place of the right address and key."""

    url: str | None = None
    key: str | None = None


RIGHT = Access()


@dataclass(frozen=True, slots=True)
class Subject:
    """`lacks`: what this ERP has no state or question for; `is_recorded`: only what was asked once can be asked."""

    name: str
    make: Callable[[Access], Erp]
    lacks: frozenset[str] = field(default_factory=frozenset)
    is_recorded: bool = False
    customer_ids: tuple[str, str] = ("", "")


def skip_where_lacking(subject: Subject, *what: str) -> None:
    missing = subject.lacks & set(what)
    if missing:
        pytest.skip(f"{subject.name} has no {', '.join(sorted(missing))}")


def sql_subject(sessions: Sessions) -> Subject:
    return Subject("sql", lambda _: SqlErp(sessions), frozenset({"wire"}))


def tryton_subject(server: TrytonServer, door: str) -> Subject:
    """Ours, unless ERP_LIVE_TRYTON_URL names another; _KEY is its application's, _LOGIN and _PASSWORD a user's."""
    live = partial(_live, "TRYTON")

    def make(access: Access) -> Erp:
        address, database = Address(access.url or live("URL") or server.url), live("DATABASE") or DATABASE
        if door == "rest":
            way: TrytonRest | TrytonRpc = TrytonRest(address, database, access.key or live("KEY") or server.key)
        else:
            name, password = live("LOGIN") or server.login[0], live("PASSWORD") or server.login[1]
            way = TrytonRpc(address, database, (name, access.key or password))
        return Tryton(way, TrytonOptions(), TrytonOrders(state_map("tryton"), utc_now))

    return Subject(f"tryton {door}", make, frozenset({"hold", "notes"}))


def odoo_subject() -> Subject:
    return _wired(Wiring("odoo", "ODOO", lambda: Recording(RECORDINGS / "odoo.json"), {"database": "odoo"}), "hold")


def odoo_rpc_subject() -> Subject:
    """A double of the older way in, over the recordings of the newer."""

    def double() -> httpx.AsyncBaseTransport:
        return OdooRpcDouble(Recording(RECORDINGS / "odoo.json"), "k")

    return _wired(Wiring("odoo", "ODOO_RPC", double, {**AS_A_USER, "database": "odoo"}), "hold")


def erpnext_subject() -> Subject:
    return _wired(Wiring("erpnext", "ERPNEXT", lambda: Recording(RECORDINGS / "erpnext.json"), key="k:s"))


def sap_subject() -> Subject:
    """A double: no SAP was asked."""
    return _wired(Wiring("sap", "SAP", sap_double, AS_A_USER), "quote", "products", "returns", "notes")


def sap_v4_subject() -> Subject:
    """A double: an OData V4 engine with SAP's names; no SAP was asked."""
    wiring = Wiring("sap", "SAP_V4", sap_v4_double, {**AS_A_USER, "odata": 4})
    return _wired(wiring, "quote", "products", "returns", "notes")


def central_subject() -> Subject:
    """A double: an OData V4 engine with Microsoft's names; no Business Central was asked."""
    wiring = Wiring("business_central", "BUSINESS_CENTRAL", central_double, {**AS_A_USER, "token_url": TOKEN})
    return _wired(wiring, "cancelled", "returns", "notes")


def one_c_subject(*, searches_tables: bool = True) -> Subject:
    """A double: no 1C was asked. Without a search in table parts our own copy of the contacts serves."""
    changes = {**AS_A_USER, "states": {"stage": {"ОжидаетОплаты": "on_hold"}}}
    wiring = Wiring("1c", "1C", lambda: one_c_double(searches_tables=searches_tables), changes)
    return _wired(wiring, "money", "tracking", "stock", "returns", "notes")


def oracle_subject() -> Subject:
    """A double: no Oracle was asked."""
    wiring = Wiring("oracle", "ORACLE", OracleDouble, AS_A_USER, known_as=("C1", "C2"))
    return _wired(wiring, "money", "tracking", "products", "returns", "notes")


AS_A_USER: Mapping[str, object] = {"login": "switchboard"}
TOKEN = "https://login.invalid/token"
_PATHS = {"business_central": CENTRAL, "1c": ROOT_1C}


@dataclass(frozen=True, slots=True)
class Wiring:
    """A kind of ERP, its double, and its entry in `erp.yml`; `live` names the variables ERP_LIVE_<live>_URL, _KEY …"""

    kind: str
    live: str
    double: Callable[[], httpx.AsyncBaseTransport]
    entry: Mapping[str, object] = field(default_factory=dict)
    key: str = "k"
    known_as: tuple[str, ...] = (ADA, IVAN)

    @property
    def live_url(self) -> str | None:
        return self._variable("URL")

    def open(self, access: Access) -> Erp:
        path = "" if self.live_url and not access.url else _PATHS.get(self.kind, "")
        url = (access.url or self.live_url or "http://double.invalid") + path
        changes = {name: self._variable(name.upper()) for name in ("login", "database", "token_url", "preset")}
        known = {**self.entry, **{name: value for name, value in changes.items() if value}}
        if "token_url" in known and access.url:
            known["token_url"] = f"{access.url}/token"
        entry = ErpEntry.model_validate({"name": "subject", "kind": self.kind, "url": url, "key_env": "K", **known})
        double = None if access.url or self.live_url else self.double()
        around = Surroundings(GoldenBook(*self.known_as), lambda *_: None, double)
        return open_connector(entry, (access.key or self._variable("KEY") or self.key).encode(), around)

    def _variable(self, name: str) -> str | None:
        return _live(self.live, name)


def _live(erp: str, name: str) -> str | None:
    return os.environ.get(f"ERP_LIVE_{erp}_{name}")


def _wired(wiring: Wiring, *lacks: str) -> Subject:
    is_recorded = wiring.kind in ("odoo", "erpnext") and not wiring.live_url
    name = wiring.live.lower().replace("_", " ")
    return Subject(name, wiring.open, frozenset(lacks), is_recorded)


class GoldenBook:
    """Our own copy of the golden customers' contacts, under the ids that an ERP knows them by."""

    def __init__(self, *ids: str) -> None:
        people = [customer_of(one, OneCNames()) for one in PEOPLE]
        self._people = [replace(one, id=known) for one, known in zip(people, ids, strict=False)]

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("one thing")
        address = clean_email(email or "")
        return tuple(
            one
            for one in self._people
            if address in one.emails or (phone and any(same_phone(phone, known) for known in one.phones))
        )[:limit]

    async def get_customer(self, customer_id: str) -> Customer | None:
        return next((one for one in self._people if one.id == customer_id), None)
