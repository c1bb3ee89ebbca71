"""A real OData V4 engine (odatapy) over rows of our own, in-process: a double of a service, not of a product.

Its metadata is made from the rows, so a question for a field that we did not name is answered 400.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
from odatapy.data import Entity, EntityCollection, Link, ValueType
from odatapy.edm.xml_io import XmlEdmProvider
from odatapy.server import OData
from odatapy.server.adapters.asgi import ODataASGIApp
from odatapy.server.inmemory import InMemoryDataStore, InMemoryProcessor

Row = Mapping[str, Any]
Sets = Mapping[str, list[dict[str, Any]]]
_TYPES: Mapping[type, str] = {
    str: "Edm.String", bool: "Edm.Boolean", int: "Edm.Int32", date: "Edm.Date", Decimal: "Edm.Decimal",
}  # fmt: skip
_NAMESPACE = "double"
_CSDL = (
    '<?xml version="1.0"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
    '<edmx:DataServices><Schema Namespace="{space}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
    '<EntityContainer Name="container">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
)


@dataclass(frozen=True, slots=True)
class Engine:
    """Sets of rows under a path. A list in a row is a navigation property; its rows are a set of their own.

    The first property of a row is its key. `authorization` is the header that lets one in.
    """

    path: str
    sets: Sets
    authorization: str

    def transport(self) -> httpx.AsyncBaseTransport:
        factory = OData.new_instance()
        handler = factory.create_handler(factory.create_service_metadata(XmlEdmProvider(self._metadata())))
        store = InMemoryDataStore()
        for name, rows in self._all_sets().items():
            store.set_entities(name, [_entity(row) for row in rows])
        handler.register(InMemoryProcessor(store))
        return _Guarded(httpx.ASGITransport(ODataASGIApp(handler, self.path)), self.authorization)

    def _all_sets(self) -> dict[str, list[dict[str, Any]]]:
        found = dict(self.sets)
        for rows in self.sets.values():
            for name in _navigations(rows):
                found.setdefault(name, []).extend(line for row in rows for line in row[name])
        return found

    def _metadata(self) -> str:
        sets = {name: rows for name, rows in self._all_sets().items() if rows}
        types = "".join(_type(name, rows) for name, rows in sets.items())
        containers = "".join(_set(name, rows) for name, rows in sets.items())
        return _CSDL.format(space=_NAMESPACE, types=types, sets=containers)


@dataclass(frozen=True, slots=True)
class _Guarded(httpx.AsyncBaseTransport):
    inner: httpx.AsyncBaseTransport
    authorization: str

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != self.authorization:
            return httpx.Response(401, json={"error": {"message": "who are you"}})
        return await self.inner.handle_async_request(request)


@dataclass(frozen=True, slots=True)
class ByPath(httpx.AsyncBaseTransport):
    """Several doubles behind one host: the longest path that begins the request's answers."""

    doubles: Mapping[str, httpx.AsyncBaseTransport]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mine = [path for path in self.doubles if request.url.path.startswith(path)]
        if not mine:
            return httpx.Response(404, json={"error": {"message": "no such service"}})
        return await self.doubles[max(mine, key=len)].handle_async_request(request)


def _navigations(rows: list[dict[str, Any]]) -> list[str]:
    return [name for name, value in rows[0].items() if isinstance(value, list)] if rows else []


def _type(name: str, rows: list[dict[str, Any]]) -> str:
    plain = {key: value for row in rows for key, value in row.items() if value is not None}
    navigations = [key for key in plain if isinstance(plain[key], list)]
    properties = "".join(
        f'<Property Name="{key}" Type="{_edm(value)}"{_facets(value)}/>'
        for key, value in plain.items()
        if key not in navigations
    )
    ways = "".join(
        f'<NavigationProperty Name="{key}" Type="Collection({_NAMESPACE}.{key}_type)"/>' for key in navigations
    )
    key = next(iter(rows[0]))
    return f'<EntityType Name="{name}_type"><Key><PropertyRef Name="{key}"/></Key>{properties}{ways}</EntityType>'


def _facets(value: object) -> str:
    return ' Precision="18" Scale="4"' if isinstance(value, Decimal) else ""


def _edm(value: object) -> str:
    return _TYPES[type(value)]


def _set(name: str, rows: list[dict[str, Any]]) -> str:
    ways = "".join(f'<NavigationPropertyBinding Path="{key}" Target="{key}"/>' for key in _navigations(rows))
    return f'<EntitySet Name="{name}" EntityType="{_NAMESPACE}.{name}_type">{ways}</EntitySet>'


def _entity(row: Row) -> Entity:
    made = Entity()
    for name, value in row.items():
        if isinstance(value, list):
            link = Link()
            link.title, link.inline_entity_set = name, EntityCollection()
            link.inline_entity_set.entities.extend(_entity(one) for one in value)
            made.navigation_links.append(link)
        else:
            made.set_property(name, value, ValueType.PRIMITIVE, _edm(value) if value is not None else None)
    return made
