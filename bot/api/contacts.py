"""Contacts: read, found by address, created, changed; and the orders of those who have proven who they are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import answers
from bot.api.caller import Caller, Reads
from bot.api.fields import USUAL_ITEMS, ContactChange, Cursor, Limit, NewContact, PathId, QueryText
from bot.api.paging import page_of
from bot.api.routing import api_router
from bot.api.services import Api
from bot.api.writing import Write, Writes
from crm_core.contact_book import change_contact, contact_card, contact_page, create_contact, read_address
from crm_core.contracts import ContactId, JsonObject
from crm_core.db import unit_of_work
from crm_core.states import Scope


def contact_routes(api: Api) -> APIRouter:
    router = api_router("contacts")
    _reading(router, api)
    _writing(router, api)
    return router


def _reading(router: APIRouter, api: Api) -> None:
    reads = Annotated[Caller, Depends(Reads(api, Scope.CONTACTS_READ))]
    address = Annotated[QueryText, Query(description="Only who is reached there, written like mailto:name@example.com")]

    @router.get("/contacts", summary="List contacts, or find one by address")
    async def contacts(
        caller: reads, address: address = None, after: Cursor = 0, limit: Limit = USUAL_ITEMS
    ) -> answers.Page[answers.Contact]:
        wanted = read_address(address) if address is not None else None
        async with unit_of_work(api.services.sessions) as session:
            found = await contact_page(session, caller.reach, after, limit, wanted)
        return page_of(answers.Contact, found, limit)

    @router.get("/contacts/{contact_id}", summary="Read a contact")
    async def contact(caller: reads, contact_id: PathId) -> answers.Contact:
        async with unit_of_work(api.services.sessions) as session:
            return answers.Contact.model_validate(await contact_card(session, caller.reach, contact_id))


def _writing(router: APIRouter, api: Api) -> None:
    writes = Annotated[Write, Depends(Writes(api, Scope.CONTACTS_WRITE))]

    @router.post("/contacts", status_code=201, response_model=answers.Changed, summary="Create a contact")
    async def create(write: writes, body: NewContact) -> Response:
        address = read_address(body.address)
        values = {name: getattr(body, name) for name in body.model_fields_set - {"address"}}

        async def deed(session: AsyncSession) -> JsonObject:
            return _told(await create_contact(session, write.caller.now, address, values))

        return await write.once(deed, status=201)

    @router.patch("/contacts/{contact_id}", response_model=answers.Changed, summary="Change a contact")
    async def change(write: writes, contact_id: PathId, body: ContactChange) -> Response:
        async def deed(session: AsyncSession) -> JsonObject:
            values = body.model_dump(exclude_unset=True)
            return _told(await change_contact(session, write.caller.reach, contact_id, values))

        return await write.once(deed)


def _told(contact_id: ContactId) -> JsonObject:
    return {"id": contact_id, "url": f"/api/v1/contacts/{contact_id}"}
