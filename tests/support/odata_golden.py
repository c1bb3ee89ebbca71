"""The golden scenario as SAP and Business Central would hold it, for their doubles."""

from typing import Any

from tests.support.odata_double import ODataDouble, Rows, basic

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


def sap_double() -> ODataDouble:
    orders = [
        _sap_order("0000000002", "C1", "WEB-2", [_item(1, *ROUTER, 2), _item(2, *CABLE, 10)]),
        _sap_order("0000000003", "C1", "WEB-3", [_item(1, *ROUTER, 3), _item(2, *CABLE, 5)], OverallSDProcessStatus="B",
                   OverallDeliveryStatus="C"),
        _sap_order("0000000004", "C2", "WEB-4", [_item(1, *CABLE, 4)], OverallSDProcessStatus="C"),
        _sap_order("0000000005", "C2", "WEB-5", [_item(1, *ROUTER, 1)], OverallSDDocumentRejectionSts="C"),
        _sap_order("0000000006", "C2", "WEB-6", [_item(1, *ROUTER, 1)], DeliveryBlockReason="01"),
    ]  # fmt: skip
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
            f"{SAP}/API_SALES_ORDER_SRV/A_SalesOrder": orders,
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


CENTRAL = "/v2.0/tenant/production/api/v2.0/companies(1)"


def _central_order(number: str, customer: str, reference: str, lines: Rows, status: str = "Open") -> dict[str, Any]:
    return {
        "number": number, "externalDocumentNumber": reference, "customerNumber": customer, "status": status,
        "orderDate": f"2026-11-0{number[-1]}", "requestedDeliveryDate": "0001-01-01", "currencyCode": "",
        "totalAmountIncludingTax": 397.5, "fullyShipped": False, "salesOrderLines": lines,
    }  # fmt: skip


def _central_line(sku: str, name: str, ordered: int, shipped: int = 0) -> dict[str, Any]:
    return {"lineObjectNumber": sku, "description": name, "quantity": ordered, "shippedQuantity": shipped,
            "unitOfMeasureCode": "PCS", "unitPrice": 7.5, "shipmentDate": "2026-12-01"}  # fmt: skip


def central_double() -> ODataDouble:
    """WEB-4 is shipped and billed, and so gone from the orders; a cancelled order is deleted."""
    orders = [
        _central_order("S-1", "C1", "WEB-1", [_central_line(*ROUTER, 1)], "Draft"),
        _central_order("S-2", "C1", "WEB-2", [_central_line(*ROUTER, 2), _central_line(*CABLE, 10)]),
        _central_order("S-3", "C1", "WEB-3", [_central_line(*ROUTER, 3, 1), _central_line(*CABLE, 5, 5)], "Released"),
        _central_order("S-6", "C2", "WEB-6", [_central_line(*ROUTER, 1)], "Pending Prepayment"),
    ]
    invoices = [
        {"number": f"I-{n}", "orderNumber": f"S-{n}", "externalDocumentNumber": f"WEB-{n}", "customerNumber": customer,
         "status": status, "invoiceDate": "2026-11-10", "dueDate": "2026-12-10", "currencyCode": "",
         "totalAmountIncludingTax": total, "remainingAmount": owed, "salesInvoiceLines": lines}
        for n, customer, status, total, owed, lines in (
            (3, "C1", "Open", 397.5, 397.5, []), (4, "C2", "Paid", 30, 0, [_central_line(*CABLE, 4)]))
    ]  # fmt: skip
    shipments = [
        {"number": f"P-{n}", "orderNumber": f"S-{n}", "postingDate": "2026-11-10", "packageTrackingNumber": tracking}
        for n, tracking in ((3, "TRACK-PART-1"), (4, "TRACK-DONE-1"))
    ]
    customers = [
        {"number": number, "displayName": name, "email": mail, "phoneNumber": phone, "blocked": "_x0020_"}
        for number, name, mail, phone in (
            ("C1", "Ada Lovelace", "ada@example.com", "+34 91 555 01 01"),
            ("C2", "Иван Петров", "ivan@example.com", "+7 (495) 5550102"))
    ]  # fmt: skip
    items = [
        {"number": sku, "displayName": name, "unitPrice": 120, "inventory": 5} for sku, name in (ROUTER, CABLE)
    ]  # fmt: skip
    return ODataDouble(
        {
            f"{CENTRAL}/salesOrders": orders, f"{CENTRAL}/salesInvoices": invoices, f"{CENTRAL}/customers": customers,
            f"{CENTRAL}/salesShipments": shipments, f"{CENTRAL}/items": items,
        },
        "Bearer k",
        nested={f"{CENTRAL}/salesOrders": ("salesOrderLines",), f"{CENTRAL}/salesInvoices": ("salesInvoiceLines",)},
    )  # fmt: skip
