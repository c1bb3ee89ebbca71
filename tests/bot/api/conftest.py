"""The API behind ASGI, over a small contact centre, and programs with keys."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from config.business import Business
from crm_core.db import Sessions
from tests.support.api_program import BASE, ApiParts, Program, api_parts
from tests.support.factories import Centre

MakeProgram = Callable[..., Awaitable[Program]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each is short, and they are many: not in the quick part."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
async def centre(sessions: Sessions, now: datetime) -> Centre:
    return await Centre(sessions, now).open()


@pytest.fixture
def parts(sessions: Sessions, business: Business, now: datetime) -> ApiParts:
    return api_parts(sessions, business, now)


@pytest.fixture
async def http(parts: ApiParts) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(parts.app()), base_url=BASE) as client:
        yield client


@pytest.fixture
def make_program(parts: ApiParts, http: httpx.AsyncClient) -> MakeProgram:
    async def make(*args: object, **named: object) -> Program:
        return await parts.program(http, *args, **named)  # type: ignore[arg-type]

    return make


@pytest.fixture
async def program(make_program: MakeProgram) -> Program:
    """With every scope, held to no team."""
    return await make_program()
