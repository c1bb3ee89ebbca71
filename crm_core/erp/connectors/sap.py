"""SAP S/4HANA over OData: sales orders, outbound deliveries, billing documents and business partners. Reading only.

“Delivered” on an order means that a delivery document exists; that goods have left says its goods movement alone.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from crm_core.erp.connectors.odata import asked, literal, one_of
from crm_core.erp.connectors.reading import told_as_contract
from crm_core.erp.connectors.sap_orders import OrderService, SalesOrderV2, Selection
from crm_core.erp.connectors.sap_records import Papers, SapOrders, customer_of
from crm_core.erp.connectors.transport import Address, ErpHttp
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, phone_digits
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpBadRequest, ErpNotSupported

_SEARCHED_CHARACTERS = 20  # of SearchEmailAddress, in capitals
_PHONE_DIGITS = 9
_NUMBER, _REFERENCE = 10, 35  # lengths of SalesOrder and PurchaseOrderByCustomer
_DELIVERY_ITEM = (
    "DeliveryDocument,ReferenceSDDocument,ReferenceSDDocumentItem,ActualDeliveryQuantity,GoodsMovementStatus"
)
_DELIVERY = (
    "DeliveryDocument,OverallGoodsMovementStatus,OverallPickingStatus,OverallProofOfDeliveryStatus,"
    "ActualGoodsMovementDate,PlannedGoodsIssueDate,BillOfLading"
)
_BILL = "BillingDocument,TotalGrossAmount,TransactionCurrency,InvoiceClearingStatus,BillingDocumentIsCancelled"
_PARTNER = "BusinessPartner,Customer,BusinessPartnerFullName,CorrespondenceLanguage,BusinessPartnerIsBlocked"


@dataclass(frozen=True, slots=True)
class SapServices:
    """Orders by either version, and where the rest answers: a gateway may have moved it."""

    orders: OrderService = field(default_factory=SalesOrderV2)
    deliveries: str = "/sap/opu/odata/sap/API_OUTBOUND_DELIVERY_SRV;v=0002"
    billing: str = "/sap/opu/odata/sap/API_BILLING_DOCUMENT_SRV"
    partners: str = "/sap/opu/odata/sap/API_BUSINESS_PARTNER"


class SapS4:
    """With a communication user; what it may read is set by the communication arrangements of docs/erp."""

    name = "sap"

    def __init__(self, address: Address, orders: SapOrders, services: SapServices | None = None) -> None:
        self._http, self._reader, self._services = ErpHttp(address), orders, services or SapServices()

    def capabilities(self) -> frozenset[str]:
        return frozenset({Capability.CUSTOMERS, Capability.ORDERS, Capability.SHIPMENTS, Capability.INVOICES})

    async def health(self) -> str:
        await self._services.orders.is_there(self._http)
        return f"SAP S/4HANA, {self._services.orders.version}"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        ways = await (self._mail_addresses(email) if email is not None else self._telephones(phone or ""))
        places = [str(way["AddressID"]) for way in ways[:limit]]
        if not places:
            return ()
        rows = await self._partners(
            "A_BusinessPartnerAddress", one_of("AddressID", places), "BusinessPartner,AddressID"
        )
        numbers = list(dict.fromkeys(str(row["BusinessPartner"]) for row in rows))
        found = await asyncio.gather(*(self._customer(number) for number in numbers[:limit]))
        return tuple(customer for customer in found if customer is not None)

    async def get_customer(self, customer_id: str) -> Customer | None:
        if clean_ref(customer_id) is None:
            return None
        found = await self._partners("A_BusinessPartner", f"Customer eq {literal(customer_id)}", _PARTNER)
        return await self._customer(str(found[0]["BusinessPartner"])) if found else None

    async def get_order(self, query: OrderQuery) -> Order | None:
        key = clean_ref(query.ref)
        if key is None or (query.customer_id is not None and clean_ref(query.customer_id) is None):
            return None
        names = [f"PurchaseOrderByCustomer eq {literal(key[:_REFERENCE])}"]
        names += [f"SalesOrder eq {literal(key)}"] if len(key) <= _NUMBER else []
        own = f" and SoldToParty eq {literal(query.customer_id)}" if query.customer_id is not None else ""
        found = await self._orders(f"({' or '.join(names)}){own}", 1)
        return found[0] if found else None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        if clean_ref(customer_id) is None:
            return ()
        return await self._orders(f"SoldToParty eq {literal(customer_id)}", limit)

    async def get_product(self, sku: str) -> Product | None:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Articles are not read from SAP.")

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Articles are not read from SAP.")

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Nothing is written to SAP.")

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Nothing is written to SAP.")

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Nothing is written to SAP.")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _mail_addresses(self, email: str) -> list[dict[str, Any]]:
        """Searched by its first twenty characters in capitals, then compared as a whole."""
        address = clean_email(email)
        if address is None:
            return []
        begins = literal(address.upper()[:_SEARCHED_CHARACTERS])
        rows = await self._partners(
            "A_AddressEmailAddress", f"SearchEmailAddress eq {begins}", "AddressID,EmailAddress"
        )
        return [row for row in rows if str(row["EmailAddress"]).lower() == address]

    async def _telephones(self, phone: str) -> list[dict[str, Any]]:
        digits = phone_digits(phone)
        if digits is None:
            return []
        ends = f"endswith(InternationalPhoneNumber,{literal(digits[-_PHONE_DIGITS:])})"
        return await self._partners("A_AddressPhoneNumber", ends, "AddressID,InternationalPhoneNumber")

    async def _customer(self, partner: str) -> Customer | None:
        own = f"BusinessPartner eq {literal(partner)}"
        found, places = await asyncio.gather(
            self._partners("A_BusinessPartner", own, _PARTNER),
            self._partners("A_BusinessPartnerAddress", own, "BusinessPartner,AddressID"),
        )
        if not found:
            return None
        of_them = one_of("AddressID", [str(place["AddressID"]) for place in places] or ["?"])
        emails, phones = await asyncio.gather(
            self._partners("A_AddressEmailAddress", of_them, "AddressID,EmailAddress"),
            self._partners("A_AddressPhoneNumber", of_them, "AddressID,InternationalPhoneNumber"),
        )
        with told_as_contract():
            return customer_of(found[0], emails, phones)

    async def _partners(self, entity: str, condition: str, fields: str) -> list[dict[str, Any]]:
        return await asked(self._http, f"{self._services.partners}/{entity}", filter=condition, select=fields)

    async def _orders(self, condition: str, limit: int) -> tuple[Order, ...]:
        found = await self._services.orders.read(self._http, Selection(condition, limit))
        papers = await asyncio.gather(*(self._papers(str(one["SalesOrder"])) for one in found))
        with told_as_contract():
            return tuple(self._reader.order(one, paper) for one, paper in zip(found, papers, strict=True))

    async def _papers(self, order: str) -> Papers:
        """Deliveries and bills lead to their order by their items."""
        shipped, billed = await asyncio.gather(
            asked(self._http, f"{self._services.deliveries}/A_OutbDeliveryItem",
                  filter=f"ReferenceSDDocument eq {literal(order)}", select=_DELIVERY_ITEM),
            asked(self._http, f"{self._services.billing}/A_BillingDocumentItem",
                  filter=f"SalesDocument eq {literal(order)}", select="BillingDocument"),
        )  # fmt: skip
        deliveries, bills = await asyncio.gather(
            self._named(f"{self._services.deliveries}/A_OutbDeliveryHeader", "DeliveryDocument", shipped, _DELIVERY),
            self._named(f"{self._services.billing}/A_BillingDocument", "BillingDocument", billed, _BILL),
        )
        return Papers(shipped, deliveries, bills)

    async def _named(self, path: str, key: str, items: list[dict[str, Any]], fields: str) -> list[dict[str, Any]]:
        numbers = sorted({str(item[key]) for item in items})
        return await asked(self._http, path, filter=one_of(key, numbers), select=fields) if numbers else []
