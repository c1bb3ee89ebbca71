"""Every ERP that the contract is tried on: the embedded one, a live Tryton by both its doors, recordings, doubles."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crm_core.db import Sessions, utc_now
from crm_core.erp.connectors.business_central import BusinessCentral
from crm_core.erp.connectors.business_central_records import CentralOrders
from crm_core.erp.connectors.erpnext import ErpNext
from crm_core.erp.connectors.erpnext_records import ErpNextOrders
from crm_core.erp.connectors.odoo import Odoo
from crm_core.erp.connectors.odoo_doors import OdooJson2
from crm_core.erp.connectors.odoo_records import OdooOrders
from crm_core.erp.connectors.sap import SapS4
from crm_core.erp.connectors.sap_records import SapOrders
from crm_core.erp.connectors.states import state_map
from crm_core.erp.connectors.transport import Address
from crm_core.erp.connectors.tryton import Tryton, TrytonOptions
from crm_core.erp.connectors.tryton_doors import TrytonRest, TrytonRpc
from crm_core.erp.connectors.tryton_records import TrytonOrders
from crm_core.erp.port import Erp
from crm_core.erp.sql import SqlErp
from tests.support.erp_recordings import Recording
from tests.support.odata_golden import CENTRAL, central_double, sap_double
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
    def make(access: Access) -> Erp:
        address = Address(access.url or server.url)
        if door == "rest":
            way: TrytonRest | TrytonRpc = TrytonRest(address, DATABASE, access.key or server.key)
        else:
            name, password = server.login
            way = TrytonRpc(address, DATABASE, (name, access.key or password))
        return Tryton(way, TrytonOptions(), TrytonOrders(state_map("tryton"), utc_now))

    return Subject(f"tryton {door}", make, frozenset({"hold", "notes"}))


def odoo_subject() -> Subject:
    """Live where ERP_LIVE_ODOO_URL and _KEY are set (and _DATABASE), else recorded."""
    live = os.environ.get("ERP_LIVE_ODOO_URL")

    def make(access: Access) -> Erp:
        if live or access.url:
            address = Address(access.url or live or "")
        else:
            address = Address("http://odoo.invalid", transport=Recording(RECORDINGS / "odoo.json"))
        key = access.key or os.environ.get("ERP_LIVE_ODOO_KEY", "k")
        database = os.environ.get("ERP_LIVE_ODOO_DATABASE", "odoo")
        return Odoo(OdooJson2(address, database, key), OdooOrders(state_map("odoo"), utc_now))

    return Subject("odoo", make, frozenset({"hold"}), is_recorded=not live)


def erpnext_subject() -> Subject:
    """Live where ERP_LIVE_ERPNEXT_URL and _KEY (`key:secret`) are set, else recorded."""
    live = os.environ.get("ERP_LIVE_ERPNEXT_URL")

    def make(access: Access) -> Erp:
        if live or access.url:
            address = Address(access.url or live or "")
        else:
            address = Address("http://erpnext.invalid", transport=Recording(RECORDINGS / "erpnext.json"))
        key = access.key or os.environ.get("ERP_LIVE_ERPNEXT_KEY", "k:s")
        return ErpNext(address, key, ErpNextOrders(state_map("erpnext"), utc_now))

    return Subject("erpnext", make, is_recorded=not live)


def sap_subject() -> Subject:
    """A double: no SAP was asked."""

    def make(access: Access) -> Erp:
        double = None if access.url else sap_double()
        address = Address(access.url or "http://sap.invalid", auth=("switchboard", access.key or "k"), transport=double)
        return SapS4(address, SapOrders(state_map("sap"), utc_now))

    return Subject("sap", make, frozenset({"quote", "products", "returns", "notes"}))


def central_subject() -> Subject:
    """A double: no Business Central was asked."""

    def make(access: Access) -> Erp:
        double = None if access.url else central_double()
        headers = {"Authorization": f"Bearer {access.key or 'k'}"}
        address = Address(f"{access.url or 'http://bc.invalid'}{CENTRAL}/", headers, transport=double)
        return BusinessCentral(address, CentralOrders(state_map("business_central"), utc_now))

    return Subject("business central", make, frozenset({"cancelled", "returns", "notes"}))
