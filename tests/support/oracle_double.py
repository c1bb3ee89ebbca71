"""A double of Oracle's order hub with the golden scenario: `q` is really read, for the attributes we name alone."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from tests.support.odata_double import Rows, basic

HUB = "/fscmRestApi/resources/11.13.18.05/salesOrdersForOrderHub"
_PART = re.compile(r"(?P<name>\w+)='(?P<value>[^';]*)'")
_ASKABLE = frozenset({"OrderNumber", "CustomerPONumber", "SourceTransactionNumber", "BuyingPartyNumber"})


def _order(number: int, customer: str, status: str = "OPEN", **changes: object) -> dict[str, Any]:
    """The order's own status is that of its furthest line, as Oracle's pages say."""
    return {
        "OrderKey": f"OPS:30010000000{number}", "OrderNumber": f"5100{number}", "BuyingPartyNumber": customer,
        "CustomerPONumber": f"WEB-{number}", "TransactionOn": f"2026-11-0{number}T10:00:00+00:00",
        "RequestedShipDate": "2026-12-01T00:00:00+00:00", "SubmittedFlag": True, "StatusCode": status, **changes,
    }  # fmt: skip


def _line(sku: str, name: str, ordered: int, status: str = "AWAIT_SHIP", **changes: object) -> dict[str, Any]:
    return {
        "ProductNumber": sku, "ProductDescription": name, "OrderedQuantity": ordered, "OrderedUOM": "Each",
        "ShippedQuantity": None, "UnitSellingPrice": 7.5, "ScheduleShipDate": None, "StatusCode": status,
        "TransactionCategoryCode": "ORDER", **changes,
    }  # fmt: skip


_ROUTER, _CABLE = ("RT-100", "Wi-Fi router"), ("CB-3", "Cable 3 m")


def _golden() -> tuple[Rows, dict[str, Rows], dict[str, Rows]]:
    orders = [
        _order(1, "C1", "DOO_DRAFT", SubmittedFlag=False), _order(2, "C1"), _order(3, "C1", "PARTIALLY_CLOSE"),
        # a draft revision stands beside the order that holds, and is the later one
        _order(3, "C1", "DOO_DRAFT", SubmittedFlag=False, OrderKey="OPS:399"),
        _order(4, "C2", "CLOSED"), _order(5, "C2", "CANCELED"), _order(6, "C2"),
    ]  # fmt: skip
    lines = {
        "1": [_line(*_ROUTER, 1, "CREATED")], "2": [_line(*_ROUTER, 2), _line(*_CABLE, 10)],
        "3": [_line(*_ROUTER, 3, ShippedQuantity=1), _line(*_CABLE, 5, "CLOSED")],
        "4": [_line(*_CABLE, 4, "BILLED", ShippedQuantity=4),
              _line(*_CABLE, 1, "CLOSED", TransactionCategoryCode="RETURN")],
        "5": [_line(*_ROUTER, 1, "CANCELED")], "6": [_line(*_ROUTER, 1, "SCHEDULED")],
    }  # fmt: skip
    return orders, lines, {"6": [{"HoldCode": "CREDIT", "ReleaseDate": None}]}


@dataclass
class OracleDouble(httpx.AsyncBaseTransport):
    """No Oracle was asked. `more` says that there are more lines than were sent."""

    key: str = basic("switchboard", "k")
    more: bool = False
    asked: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != self.key:
            return httpx.Response(401)
        path, options = unquote(request.url.path), dict(request.url.params)
        self.asked.append(f"{path}?{options.get('q', '')}")
        orders, lines, holds = _golden()
        child = re.fullmatch(rf"{HUB}/(?P<key>[^/]+)/child/(?P<kind>lines|holds)", path)
        if child is not None:
            which = lines if child["kind"] == "lines" else holds
            return self._told(which.get(child["key"][-1], []), more=self.more)
        if path != HUB:
            return httpx.Response(404)
        wanted = self._wanted(options.get("q", ""))
        if wanted is None:
            return httpx.Response(400)
        found = [one for one in orders if all(one[name] == value for name, value in wanted.items())]
        name, _, way = options.get("orderBy", "OrderNumber:asc").partition(":")
        found.sort(key=lambda one: str(one[name]), reverse=way == "desc")
        return self._told(found[: int(options["limit"])])

    @staticmethod
    def _wanted(question: str) -> dict[str, str] | None:
        """None for a question that Oracle would not understand."""
        parts = [_PART.fullmatch(part) for part in question.split(";")] if question else []
        if any(part is None or part["name"] not in _ASKABLE for part in parts):
            return None
        return {part["name"]: part["value"] for part in parts if part is not None}

    @staticmethod
    def _told(items: Rows, *, more: bool = False) -> httpx.Response:
        return httpx.Response(200, json={"items": items, "count": len(items), "hasMore": more})
