"""From an entry of `erp.yml` to its connector."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from config.erps import ErpEntry
from crm_core.db import utc_now
from crm_core.erp.book import CustomerBook
from crm_core.erp.connectors.business_central import BusinessCentral
from crm_core.erp.connectors.business_central_records import CentralOrders
from crm_core.erp.connectors.erpnext import ErpNext
from crm_core.erp.connectors.erpnext_records import ErpNextOrders
from crm_core.erp.connectors.oauth import Client, ClientCredentials
from crm_core.erp.connectors.odoo import Odoo
from crm_core.erp.connectors.odoo_doors import OdooJson2, OdooRpc
from crm_core.erp.connectors.odoo_records import OdooOrders
from crm_core.erp.connectors.one_c import OneC
from crm_core.erp.connectors.one_c_names import NamesError, one_c_names
from crm_core.erp.connectors.one_c_records import OneCOrders
from crm_core.erp.connectors.oracle import Oracle
from crm_core.erp.connectors.oracle_records import OracleOrders
from crm_core.erp.connectors.sap import SapS4, SapServices
from crm_core.erp.connectors.sap_orders import SalesOrderV2, SalesOrderV4
from crm_core.erp.connectors.sap_records import SapOrders
from crm_core.erp.connectors.states import OnUnknown, StateMap, StateMapError, state_map
from crm_core.erp.connectors.transport import Address
from crm_core.erp.connectors.tryton import Tryton, TrytonOptions
from crm_core.erp.connectors.tryton_doors import TrytonRest, TrytonRpc
from crm_core.erp.connectors.tryton_records import TrytonOrders
from crm_core.erp.port import Erp
from crm_core.errors import SetupRequired

_CENTRAL_SCOPE = "https://api.businesscentral.dynamics.com/.default"
_ODATA_V4 = 4
_NOW: Callable[[], datetime] = utc_now


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What connectors have in common. `book` is our own copy of contacts; `transport` takes the network's place."""

    book: CustomerBook
    on_unknown: OnUnknown
    transport: httpx.AsyncBaseTransport | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What one connector is made of."""

    entry: ErpEntry
    key: str = field(repr=False)
    states: StateMap
    around: Surroundings

    def address(self, *, slash: str = "") -> Address:
        """The key goes into it where the ERP knows users or clients of OAuth."""
        headers = {"Accept": "application/json"}
        return Address(str(self.entry.url).rstrip("/") + slash, headers, self._auth(), self.around.transport)

    def _auth(self) -> tuple[str, str] | httpx.Auth | None:
        entry = self.entry
        if entry.kind not in _WITH_USERS:
            return None
        if entry.login is None:
            raise SetupRequired(f"erp.yml, {entry.name}: this kind needs login (docs/erp/{page(entry.kind)}).")
        if entry.token_url is None:
            return entry.login, self.key
        scope = entry.scope or (_CENTRAL_SCOPE if entry.kind == "business_central" else "")
        return ClientCredentials(Client(str(entry.token_url), entry.login, self.key, scope))


def open_connector(entry: ErpEntry, key: bytes | None, around: Surroundings) -> Erp:
    """Raises SetupRequired for a missing key, login or name, or a mapping to a state that does not exist."""
    if not key:
        raise SetupRequired(
            f"erp.yml, {entry.name}: set {entry.key_env} to the key of this ERP (docs/erp/{page(entry.kind)})."
        )
    try:
        states = state_map(entry.kind, entry.states, on_unknown=around.on_unknown)
        return _MAKERS[entry.kind](Opening(entry, key.decode().strip(), states, around))
    except (StateMapError, NamesError) as error:
        raise SetupRequired(f"erp.yml, {entry.name}: {error}") from error


def page(kind: str) -> str:
    """Its file in docs/erp."""
    return "csv.md" if kind == "sql" else f"{kind.replace('_', '-')}.md"


def _tryton(made_of: Opening) -> Erp:
    entry, key = made_of.entry, made_of.key
    options = TrytonOptions(entry.company, entry.currency, entry.return_type)
    if entry.login is None:
        door: TrytonRest | TrytonRpc = TrytonRest(made_of.address(), entry.database, key)
    else:
        door = TrytonRpc(made_of.address(), entry.database, (entry.login, key))
    return Tryton(door, options, TrytonOrders(made_of.states, _NOW))


def _odoo(made_of: Opening) -> Erp:
    entry, key = made_of.entry, made_of.key
    if entry.login is None:
        door: OdooJson2 | OdooRpc = OdooJson2(made_of.address(), entry.database, key)
    else:
        door = OdooRpc(made_of.address(), entry.database, (entry.login, key))
    return Odoo(door, OdooOrders(made_of.states, _NOW))


def _erpnext(made_of: Opening) -> Erp:
    return ErpNext(made_of.address(), made_of.key, ErpNextOrders(made_of.states, _NOW))


def _sap(made_of: Opening) -> Erp:
    orders = SalesOrderV4() if made_of.entry.odata == _ODATA_V4 else SalesOrderV2()
    return SapS4(made_of.address(), SapOrders(made_of.states, _NOW), SapServices(orders))


def _business_central(made_of: Opening) -> Erp:
    if made_of.entry.token_url is None:
        raise SetupRequired(f"erp.yml, {made_of.entry.name}: Business Central needs token_url.")
    return BusinessCentral(made_of.address(slash="/"), CentralOrders(made_of.states, _NOW, made_of.entry.currency))


def _one_c(made_of: Opening) -> Erp:
    names = one_c_names(made_of.entry.preset, made_of.entry.names)
    return OneC(made_of.address(slash="/"), OneCOrders(made_of.states, names, _NOW), made_of.around.book)


def _oracle(made_of: Opening) -> Erp:
    return Oracle(made_of.address(), OracleOrders(made_of.states, _NOW), made_of.around.book)


_WITH_USERS = frozenset({"sap", "business_central", "1c", "oracle"})
_MAKERS: Mapping[str, Callable[[Opening], Erp]] = {
    "tryton": _tryton, "odoo": _odoo, "erpnext": _erpnext, "sap": _sap, "business_central": _business_central,
    "1c": _one_c, "oracle": _oracle,
}  # fmt: skip
