"""From an entry of `erp.yml` to its connector."""

from collections.abc import Callable
from datetime import datetime

from config.business import ErpEntry
from crm_core.db import utc_now
from crm_core.erp.connectors.business_central import BusinessCentral
from crm_core.erp.connectors.business_central_records import CentralOrders
from crm_core.erp.connectors.erpnext import ErpNext
from crm_core.erp.connectors.erpnext_records import ErpNextOrders
from crm_core.erp.connectors.oauth import Client, ClientCredentials
from crm_core.erp.connectors.odoo import Odoo
from crm_core.erp.connectors.odoo_doors import OdooJson2, OdooRpc
from crm_core.erp.connectors.odoo_records import OdooOrders
from crm_core.erp.connectors.sap import SapS4
from crm_core.erp.connectors.sap_records import SapOrders
from crm_core.erp.connectors.states import OnUnknown, StateMap, StateMapError, state_map
from crm_core.erp.connectors.transport import Address
from crm_core.erp.connectors.tryton import Tryton, TrytonOptions
from crm_core.erp.connectors.tryton_doors import TrytonRest, TrytonRpc
from crm_core.erp.connectors.tryton_records import TrytonOrders
from crm_core.erp.port import Erp
from crm_core.errors import SetupRequired

_CENTRAL_SCOPE = "https://api.businesscentral.dynamics.com/.default"
Maker = Callable[[ErpEntry, str, StateMap], Erp]


def open_connector(entry: ErpEntry, key: bytes | None, *, on_unknown: OnUnknown) -> Erp:
    """Raises SetupRequired for a missing key or a mapping to a state that does not exist."""
    if not key:
        raise SetupRequired(
            f"erp.yml, {entry.name}: set {entry.key_env} to the key of this ERP (docs/erp/{entry.kind}.md)."
        )
    try:
        states = state_map(entry.kind, entry.states, on_unknown=on_unknown)
    except StateMapError as error:
        raise SetupRequired(f"erp.yml, {entry.name}: {error}") from error
    return _MAKERS[entry.kind](entry, key.decode().strip(), states)


def _address(entry: ErpEntry) -> Address:
    return Address(str(entry.url).rstrip("/"))


_NOW: Callable[[], datetime] = utc_now


def _tryton(entry: ErpEntry, key: str, states: StateMap) -> Erp:
    options = TrytonOptions(entry.company, entry.currency, entry.return_type)
    if entry.login is None:
        door: TrytonRest | TrytonRpc = TrytonRest(_address(entry), entry.database, key)
    else:
        door = TrytonRpc(_address(entry), entry.database, (entry.login, key))
    return Tryton(door, options, TrytonOrders(states, _NOW))


def _odoo(entry: ErpEntry, key: str, states: StateMap) -> Erp:
    if entry.login is None:
        door: OdooJson2 | OdooRpc = OdooJson2(_address(entry), entry.database, key)
    else:
        door = OdooRpc(_address(entry), entry.database, (entry.login, key))
    return Odoo(door, OdooOrders(states, _NOW))


def _erpnext(entry: ErpEntry, key: str, states: StateMap) -> Erp:
    return ErpNext(_address(entry), key, ErpNextOrders(states, _NOW))


def _sap(entry: ErpEntry, key: str, states: StateMap) -> Erp:
    address = Address(str(entry.url).rstrip("/"), {"Accept": "application/json"}, (entry.login or "", key))
    return SapS4(address, SapOrders(states, _NOW))


def _business_central(entry: ErpEntry, key: str, states: StateMap) -> Erp:
    if entry.token_url is None or entry.login is None:
        raise SetupRequired(f"erp.yml, {entry.name}: Business Central needs login (the client's id) and token_url.")
    client = Client(str(entry.token_url), entry.login, key, _CENTRAL_SCOPE)
    address = Address(str(entry.url).rstrip("/") + "/", auth=ClientCredentials(client))
    return BusinessCentral(address, CentralOrders(states, _NOW, entry.currency))


_MAKERS: dict[str, Maker] = {
    "tryton": _tryton, "odoo": _odoo, "erpnext": _erpnext, "sap": _sap, "business_central": _business_central,
}  # fmt: skip
