"""The ERPs that are asked about orders: `erp.yml`."""

from typing import Annotated
from urllib.parse import quote

from pydantic import Field, HttpUrl

from config.words import Key, Strict


class ErpEntry(Strict):
    """One ERP. `key_env` names the environment variable with its key; `prefixes` begin the order numbers asked here."""

    name: Key
    kind: Annotated[str, Field(pattern="^(tryton|odoo|erpnext|sap|business_central|1c|oracle)$")]
    url: HttpUrl
    key_env: str
    database: str = ""
    # Tryton, Odoo: with it the older way in; SAP, 1C, Oracle: the user; with a token_url the client of OAuth
    login: str | None = None
    token_url: HttpUrl | None = None
    scope: str = ""
    odata: Annotated[int, Field(ge=2, le=4)] = 2  # SAP: 4 asks CE_SALESORDER_0001
    preset: str = "trade"  # 1C: trade or unf
    names: dict[str, str] = {}  # 1C: what differs from the preset
    prefixes: list[str] = []
    company: int = 1
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    return_type: str = "Return"
    states: dict[str, dict[str, str]] = {}


class Erps(Strict):
    """`erp.yml`; without an entry the embedded ERP is asked. `tracking`: where a carrier's parcels are followed."""

    erps: list[ErpEntry] = []
    tracking: dict[str, Annotated[str, Field(pattern=r"^https?://[^{}\s]*\{number\}[^{}\s]*$")]] = {}

    def tracking_url(self, carrier: str | None, number: str | None) -> str | None:
        """For an ERP that keeps only the carrier and the number of a parcel; None for a carrier we know no page of."""
        named = (carrier or "").casefold()  # ERPs add the service to the name: “DHL Parcel - Delivery”
        pages = sorted(self.tracking.items(), key=lambda entry: len(entry[0]), reverse=True)
        page = next((page for name, page in pages if name.casefold() in named), None)
        return page.replace("{number}", quote(number, safe="")) if page and number else None
