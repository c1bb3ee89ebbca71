"""The two services SAP answers for sales orders by: API_SALES_ORDER_SRV (V2) and CE_SALESORDER_0001 (V4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crm_core.erp.connectors.odata import asked
from crm_core.erp.connectors.reading import records, told_as_contract
from crm_core.erp.connectors.sap_records import HEADER_FIELDS
from crm_core.erp.connectors.transport import ErpHttp

_NEWEST = "SalesOrderDate desc,SalesOrder desc"
_V4_ITEM = "SalesOrderItem,Product,SalesOrderItemText,RequestedQuantity,RequestedQuantityUnit,SalesDocumentRjcnReason"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which orders, the newest first."""

    condition: str
    limit: int


class OrderService(Protocol):
    """Sales orders with their `items`, whose article is called `Material`."""

    @property
    def version(self) -> str: ...

    async def read(self, http: ErpHttp, wanted: Selection) -> list[dict[str, Any]]: ...

    async def is_there(self, http: ErpHttp) -> None:
        """Raises ErpError when it cannot be asked."""


@dataclass(frozen=True, slots=True)
class SalesOrderV2:
    """`path` may have been moved by a gateway."""

    path: str = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"
    version: str = "OData V2"

    async def read(self, http: ErpHttp, wanted: Selection) -> list[dict[str, Any]]:
        found = await asked(
            http, f"{self.path}/A_SalesOrder", filter=wanted.condition, top=wanted.limit, orderby=_NEWEST,
            expand="to_Item", select=",".join((*HEADER_FIELDS, "to_Item")),
        )  # fmt: skip
        with told_as_contract():
            return [{**one, "items": records(one["to_Item"]["results"])} for one in found]

    async def is_there(self, http: ErpHttp) -> None:
        await asked(http, f"{self.path}/A_SalesOrder", select="SalesOrder", top=1)


@dataclass(frozen=True, slots=True)
class SalesOrderV4:
    """The newer one, which newer S/4HANA systems have beside the other."""

    path: str = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001"
    version: str = "OData V4"

    async def read(self, http: ErpHttp, wanted: Selection) -> list[dict[str, Any]]:
        found = await asked(
            http, f"{self.path}/SalesOrder", filter=wanted.condition, top=wanted.limit, orderby=_NEWEST,
            expand=f"_Item($select={_V4_ITEM})", select=",".join(HEADER_FIELDS),
        )  # fmt: skip
        with told_as_contract():
            return [{**one, "items": _as_v2(records(one["_Item"]))} for one in found]

    async def is_there(self, http: ErpHttp) -> None:
        await asked(http, f"{self.path}/SalesOrder", select="SalesOrder", top=1)


def _as_v2(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "Material": item["Product"]} for item in items]
