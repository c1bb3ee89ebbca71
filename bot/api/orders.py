"""Orders of a contact who has proven who they are: read from the ERP as their own, and never another's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator

from bot.api import answers
from bot.api.caller import Caller, Reads
from bot.api.fields import PathId, storable
from bot.api.routing import api_router
from bot.api.services import Api
from crm_core.contact_book import proven_customer
from crm_core.db import unit_of_work
from crm_core.erp.port import Order
from crm_core.erp.query import OrderQuery, VerifiedBuyer
from crm_core.errors import NotFound
from crm_core.states import Scope

MOST_ORDERS = 20


def order_routes(api: Api) -> APIRouter:
    router = api_router("orders")
    reads = Annotated[Caller, Depends(Reads(api, Scope.ORDERS_READ))]
    reference = Annotated[str, Path(min_length=1, max_length=80), AfterValidator(storable)]

    async def customer_of(caller: Caller, contact_id: int) -> str:
        async with unit_of_work(api.services.sessions) as session:
            return await proven_customer(session, caller.reach, contact_id)

    @router.get("/contacts/{contact_id}/orders", summary="List the newest orders of a contact")
    async def orders(caller: reads, contact_id: PathId) -> answers.Orders:
        customer_id = await customer_of(caller, contact_id)
        found = await api.services.erp.list_orders(customer_id, limit=MOST_ORDERS)
        return answers.Orders(items=[_told(order) for order in found if order.customer_id == customer_id])

    @router.get("/contacts/{contact_id}/orders/{number}", summary="Read one order of a contact")
    async def order(caller: reads, contact_id: PathId, number: reference) -> answers.Order:
        customer_id = await customer_of(caller, contact_id)
        found = await api.services.erp.get_order(OrderQuery(number, VerifiedBuyer(customer_id)))
        if found is None or found.customer_id != customer_id:
            raise NotFound("This contact has no such order.")
        return _told(found)

    return router


def _told(order: Order) -> answers.Order:
    return answers.Order(
        number=order.number, customer_ref=order.customer_ref, state=order.headline.value, payment=order.payment.value,
        total=answers.Amount.model_validate(order.total) if order.total else None, ordered_on=order.ordered_on,
        promised_on=order.promised_on, lines=[answers.OrderLine.model_validate(line) for line in order.lines],
        shipments=[answers.Shipment.model_validate(one) for one in order.shipments], fetched_at=order.fetched_at,
        stale=order.stale,
    )  # fmt: skip
