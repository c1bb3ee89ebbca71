"""The golden scenario as SAP and Business Central would hold it, for their doubles."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from tests.support.odata_double import ODataDouble, Rows, basic
from tests.support.odata_engine import ByPath, Engine

SAP = "/sap/opu/odata/sap"
_DAY = "/Date(1762473600000)/"  # 7 November 2025


def _item(number: int, sku: str, name: str, quantity: int) -> dict[str, Any]:
    return {
        "SalesOrderItem": f"{number}0", "Material": sku, "SalesOrderItemText": name, "RequestedQuantity": str(quantity),
        "RequestedQuantityUnit": "PC", "SalesDocumentRjcnReason": "",
    }  # fmt: skip


ROUTER, CABLE = ("RT-100", "Wi-Fi router"), ("CB-3", "Cable 3 m")


def _sap_order(number: str, customer: str, reference: str, items: Rows, **states: str) -> dict[str, Any]:
    return {
        "SalesOrder": number, "SoldToParty": customer, "PurchaseOrderByCustomer": reference,
        "SalesOrderDate": f"/Date(17624736{number[-2:]}000)/", "RequestedDeliveryDate": _DAY,
        "TotalNetAmount": "397.50", "TransactionCurrency": "EUR", "OverallSDProcessStatus": "A",
        "OverallDeliveryStatus": "A", "OverallTotalDeliveryStatus": "A", "OverallOrdReltdBillgStatus": "A",
        "OverallSDDocumentRejectionSts": "A", "TotalCreditCheckStatus": "", "DeliveryBlockReason": "",
        "to_Item": {"results": items}, **states,
    }  # fmt: skip


def _sap_orders() -> Rows:
    return [
        _sap_order("0000000002", "C1", "WEB-2", [_item(1, *ROUTER, 2), _item(2, *CABLE, 10)]),
        _sap_order("0000000003", "C1", "WEB-3", [_item(1, *ROUTER, 3), _item(2, *CABLE, 5)], OverallSDProcessStatus="B",
                   OverallDeliveryStatus="C"),
        _sap_order("0000000004", "C2", "WEB-4", [_item(1, *CABLE, 4)], OverallSDProcessStatus="C"),
        _sap_order("0000000005", "C2", "WEB-5", [_item(1, *ROUTER, 1)], OverallSDDocumentRejectionSts="C"),
        _sap_order("0000000006", "C2", "WEB-6", [_item(1, *ROUTER, 1)], DeliveryBlockReason="01"),
    ]  # fmt: skip


def sap_double() -> ODataDouble:
    """API_SALES_ORDER_SRV and its neighbours, all of version 2."""
    shipped = [
        {"DeliveryDocument": document, "ReferenceSDDocument": order, "ReferenceSDDocumentItem": item,
         "ActualDeliveryQuantity": quantity, "GoodsMovementStatus": moved}
        for document, order, item, quantity, moved in (
            ("80003", "0000000003", "000010", "1", "C"), ("80003", "0000000003", "000020", "5", "C"),
            ("80033", "0000000003", "000010", "2", "A"), ("80004", "0000000004", "000010", "4", "C"),
        )
    ]  # fmt: skip
    deliveries = [
        {"DeliveryDocument": document, "OverallGoodsMovementStatus": moved, "OverallPickingStatus": picked,
         "OverallProofOfDeliveryStatus": "", "ActualGoodsMovementDate": _DAY if moved == "C" else None,
         "PlannedGoodsIssueDate": _DAY, "BillOfLading": tracking}
        for document, moved, picked, tracking in (
            ("80003", "C", "C", "TRACK-PART-1"), ("80033", "A", "B", ""), ("80004", "C", "C", "TRACK-DONE-1"))
    ]  # fmt: skip
    bills = [
        {"BillingDocument": number, "TotalGrossAmount": total, "TransactionCurrency": "EUR",
         "InvoiceClearingStatus": cleared, "BillingDocumentIsCancelled": False}
        for number, total, cleared in (("90003", "397.50", "A"), ("90004", "30.00", "C"))
    ]  # fmt: skip
    lines = [{"BillingDocument": f"9000{n}", "SalesDocument": f"000000000{n}"} for n in (3, 4)]
    people = (("1", "C1", "Ada Lovelace", "ada@example.com", "+34915550101"),
              ("2", "C2", "Иван Петров", "ivan@example.com", "+74955550102"))  # fmt: skip
    partners = f"{SAP}/API_BUSINESS_PARTNER"
    return ODataDouble(
        {
            f"{SAP}/API_SALES_ORDER_SRV/A_SalesOrder": _sap_orders(),
            f"{SAP}/API_OUTBOUND_DELIVERY_SRV;v=0002/A_OutbDeliveryItem": shipped,
            f"{SAP}/API_OUTBOUND_DELIVERY_SRV;v=0002/A_OutbDeliveryHeader": deliveries,
            f"{SAP}/API_BILLING_DOCUMENT_SRV/A_BillingDocumentItem": lines,
            f"{SAP}/API_BILLING_DOCUMENT_SRV/A_BillingDocument": bills,
            f"{partners}/A_AddressEmailAddress": [
                {"AddressID": f"A{n}", "EmailAddress": mail, "SearchEmailAddress": mail.upper()[:20]}
                for n, _, _, mail, _ in people
            ],
            f"{partners}/A_AddressPhoneNumber": [
                {"AddressID": f"A{n}", "InternationalPhoneNumber": phone} for n, _, _, _, phone in people
            ],
            f"{partners}/A_BusinessPartnerAddress": [
                {"AddressID": f"A{n}", "BusinessPartner": n} for n, *_ in people
            ],
            f"{partners}/A_BusinessPartner": [
                {"BusinessPartner": n, "Customer": customer, "BusinessPartnerFullName": name,
                 "CorrespondenceLanguage": "EN", "BusinessPartnerIsBlocked": False}
                for n, customer, name, _, _ in people
            ],
        },
        basic("switchboard", "k"), version=2,
    )  # fmt: skip


SAP_V4 = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001"


def sap_v4_double() -> httpx.AsyncBaseTransport:
    """CE_SALESORDER_0001 on an OData V4 engine; deliveries, bills and partners stay with version 2, as in SAP."""
    old = sap_double()
    del old.sets[f"{SAP}/API_SALES_ORDER_SRV/A_SalesOrder"]
    new = Engine(SAP_V4, {"SalesOrder": [_as_v4(one) for one in _sap_orders()]}, old.key)
    return ByPath({SAP: old, SAP_V4: new.transport()})


def _as_v4(one: dict[str, Any]) -> dict[str, Any]:
    items = [
        {"ItemKey": f"{one['SalesOrder']}/{item['SalesOrderItem']}", **item, "Product": item["Material"],
         "RequestedQuantity": Decimal(item["RequestedQuantity"])}
        for item in one["to_Item"]["results"]
    ]  # fmt: skip
    for item in items:
        del item["Material"]
    dates = {"SalesOrderDate": date(2026, 11, int(one["SalesOrder"][-1])), "RequestedDeliveryDate": date(2026, 12, 1)}
    kept = {name: value for name, value in one.items() if name != "to_Item"}
    return {**kept, **dates, "TotalNetAmount": Decimal("397.50"), "_Item": items}


CENTRAL = "/v2.0/tenant/production/api/v2.0/companies(1)"


def _central_order(number: str, customer: str, reference: str, lines: Rows, status: str = "Open") -> dict[str, Any]:
    return {
        "number": number, "externalDocumentNumber": reference, "customerNumber": customer, "status": status,
        "orderDate": date(2026, 11, int(number[-1])), "requestedDeliveryDate": date(1, 1, 1), "currencyCode": "",
        "totalAmountIncludingTax": Decimal("397.5"), "fullyShipped": False,
        "salesOrderLines": [{"key": f"{number}/{place}", **line} for place, line in enumerate(lines)],
    }  # fmt: skip


def _central_line(sku: str, name: str, ordered: int, shipped: int = 0) -> dict[str, Any]:
    return {
        "lineObjectNumber": sku, "description": name, "quantity": Decimal(ordered), "shippedQuantity": Decimal(shipped),
        "unitOfMeasureCode": "PCS", "unitPrice": Decimal("7.5"), "shipmentDate": date(2026, 12, 1),
    }  # fmt: skip


def central_double() -> httpx.AsyncBaseTransport:
    """On an OData V4 engine. WEB-4 is shipped and billed, and so gone from the orders; a cancelled order is deleted."""
    orders = [
        _central_order("S-1", "C1", "WEB-1", [_central_line(*ROUTER, 1)], "Draft"),
        _central_order("S-2", "C1", "WEB-2", [_central_line(*ROUTER, 2), _central_line(*CABLE, 10)]),
        _central_order("S-3", "C1", "WEB-3", [_central_line(*ROUTER, 3, 1), _central_line(*CABLE, 5, 5)], "Released"),
        _central_order("S-6", "C2", "WEB-6", [_central_line(*ROUTER, 1)], "Pending Prepayment"),
    ]
    invoices = [
        {"number": f"I-{n}", "orderNumber": f"S-{n}", "externalDocumentNumber": f"WEB-{n}", "customerNumber": customer,
         "status": status, "invoiceDate": date(2026, 11, 10), "dueDate": date(2026, 12, 10), "currencyCode": "",
         "totalAmountIncludingTax": total, "remainingAmount": owed,
         "salesInvoiceLines": [{"key": f"I-{n}/{place}", **line} for place, line in enumerate(lines)]}
        for n, customer, status, total, owed, lines in (
            (3, "C1", "Open", Decimal("397.5"), Decimal("397.5"), []),
            (4, "C2", "Paid", Decimal(30), Decimal(0), [_central_line(*CABLE, 4)]))
    ]  # fmt: skip
    shipments = [
        {
            "number": f"P-{n}",
            "orderNumber": f"S-{n}",
            "postingDate": date(2026, 11, 10),
            "packageTrackingNumber": tracking,
        }
        for n, tracking in ((3, "TRACK-PART-1"), (4, "TRACK-DONE-1"))
    ]
    customers = [
        {"number": number, "displayName": name, "email": mail, "phoneNumber": phone, "blocked": "_x0020_"}
        for number, name, mail, phone in (
            ("C1", "Ada Lovelace", "ada@example.com", "+34 91 555 01 01"),
            ("C2", "Иван Петров", "ivan@example.com", "+7 (495) 5550102"))
    ]  # fmt: skip
    items = [
        {"number": sku, "displayName": name, "unitPrice": Decimal(120), "inventory": Decimal(5)}
        for sku, name in (ROUTER, CABLE)
    ]  # fmt: skip
    sets = {
        "salesOrders": orders, "salesInvoices": invoices, "customers": customers, "salesShipments": shipments,
        "items": items,
    }  # fmt: skip
    return ByPath({CENTRAL: Engine(CENTRAL, sets, "Bearer t").transport(), "/token": httpx.MockTransport(_token)})


def _token(request: httpx.Request) -> httpx.Response:
    """What Entra ID does for a client with the right secret."""
    if b"client_secret=k&" not in request.content + b"&":
        return httpx.Response(400, json={"error": "invalid_client"})
    return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
