"""Every route of the assembled application times every kind of caller: what is expected stands in route_matrix.txt.

sees: the customer stands in the answer; ok: answered without; bad: past the door, but what was asked is not right;
login: who are you?; no: not for you; none: it does not exist for you.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from crm_core import access
from crm_core.db import unit_of_work
from crm_core.embedded import EmbeddedPostgres
from crm_core.staff import set_password
from tests.support.asgi_socket import open_socket
from tests.support.asking import OURS, Cell, ask
from tests.support.assembled import ENVIRONMENT, RouteName, assembled, route_names
from tests.support.callers import STRANGERS, Caller, Household
from tests.support.postgres import migrated_database

pytestmark = pytest.mark.slow

WIDTH = 68
MATRIX = Path(__file__).with_name("route_matrix.txt")
HEAD = f"{'':<{WIDTH}}" + " ".join(f"{caller:<10}" for caller in Caller)


@pytest.fixture(scope="module")
async def house(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Household]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        async with assembled(tmp_path_factory.mktemp("matrix"), migrated_database(postgres, "matrix")) as opened:
            household = Household(*opened)
            await household.settle()
            yield household


def line_of(route: RouteName, cells: list[Cell]) -> str:
    return f"{route!s:<{WIDTH}}" + " ".join(f"{cell:<10}" for cell in cells).rstrip()


async def asked(house: Household, route: RouteName, callers: tuple[Caller, ...] = tuple(Caller)) -> str:
    return line_of(route, [await ask(house, route, caller) for caller in callers])


def expected() -> dict[str, str]:
    """Each route with its line."""
    lines = MATRIX.read_text(encoding="utf-8").splitlines()[1:]
    return {line[:WIDTH].rstrip(): line for line in lines if line}


async def test_every_route_answers_every_caller_as_the_table_says(house: Household) -> None:
    """A new route fails here until its line, which the failure shows, was read by a person and put into the table."""
    known, wrong = expected(), []
    for route in route_names(house.app):
        line, wanted = await asked(house, route), known.pop(str(route), None)
        if wanted is None:
            wrong.append(f"{MATRIX.name} has no line for {route}. If this is what it should be, add:\n{line}")
        elif wanted != line:
            wrong.append(f"{MATRIX.name} expects\n{HEAD}\n{wanted}\nbut it is\n{line}")
    wrong += [f"{MATRIX.name} has a line for a route that is gone; take it out:\n{line}" for line in known.values()]
    assert not wrong, "\n".join(wrong)


def test_the_table_lets_no_stranger_see_a_customer() -> None:
    """Whatever somebody writes into the table: the customer is seen by their own visitor and by staff that may."""
    columns = [caller for caller in Caller if caller in STRANGERS or caller is Caller.AGENT_B]
    for route, line in expected().items():
        cells = dict(zip(Caller, line[WIDTH:].split(), strict=True))
        seen = {caller for caller in columns if cells[caller] == Cell.SEES}
        assert seen <= ({Caller.VISITOR_A} if "/chat/" in route else set()), route
        if "/desk" in route and not any(name in route for name in ("/desk/login", "/desk/setup")):
            assert {cells[caller] for caller in STRANGERS} <= {Cell.LOGIN, Cell.NONE}, route


# the link is the permission; a visitor is anybody
OPEN = {"POST /rate/{token}", "POST /chat/{inbox_key}/visitors"}


@pytest.mark.parametrize("changed", [{"X-CSRF-Token": ""}, {"Origin": "https://evil.example"},
                                     {"Sec-Fetch-Site": "cross-site"}])  # fmt: skip
async def test_no_other_site_can_use_a_session(house: Household, changed: dict[str, str]) -> None:
    """Every route that changes something, asked with an administrator's cookie by a page that is not ours."""
    changing = [route for route in route_names(house.app) if route.method == "POST" and str(route) not in OPEN]
    cells = {str(route): await ask(house, route, Caller.ADMIN, changed) for route in changing}
    assert len(cells) > 40
    assert {route for route, cell in cells.items() if cell in (Cell.OK, Cell.SEES, Cell.BAD)} == set()


def says_yes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(access, "sees", lambda *_: True)
    patch.setattr(access, "_may", lambda *_: True)


def gives_every_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(access, "allows", lambda *_: True)


@pytest.mark.parametrize(
    ("breaks", "path"),
    [
        (says_yes, "GET  /desk/c/{conversation_id}"), (says_yes, "POST /desk/c/{conversation_id}/note"),
        (says_yes, "GET  /desk/c/{conversation_id}/customer"), (gives_every_role, "GET  /desk/audit"),
        (gives_every_role, "GET  /desk/admin/people"),
    ],
)  # fmt: skip
async def test_an_access_function_that_says_yes_to_all_is_found_out(
    house: Household, monkeypatch: pytest.MonkeyPatch, breaks: Callable[[pytest.MonkeyPatch], None], path: str
) -> None:
    """The broken variant of the table above."""
    route = next(route for route in route_names(house.app) if str(route) == path)
    breaks(monkeypatch)
    assert await asked(house, route) != expected()[path]


async def logs_out(house: Household, own: dict[str, str]) -> None:
    await post(house, "/desk/logout", own)


async def is_revoked_elsewhere(house: Household, own: dict[str, str]) -> None:
    handle = hashlib.sha256(own["Cookie"].partition("=")[2].encode()).hexdigest()
    await post(house, "/desk/sessions/revoke", await house.credentials(Caller.AGENT_B), id=handle)


async def is_disabled(house: Household, own: dict[str, str]) -> None:
    person = f"/desk/admin/people/{house.staff[Caller.AGENT_B]}"
    await post(house, person, await house.credentials(Caller.ADMIN), verb="disable")


async def gets_a_new_password(house: Household, own: dict[str, str]) -> None:
    async with unit_of_work(house.services.sessions) as session:
        await set_password(session, house.staff[Caller.AGENT_B], "violet harbour lantern seven")


async def post(house: Household, path: str, credentials: dict[str, str], **fields: str) -> None:
    async with house.client() as http:
        answer = await http.post(path, data=fields, headers=OURS | credentials)
        assert answer.status_code == 303


@pytest.mark.parametrize("end", [logs_out, is_revoked_elsewhere, is_disabled, gets_a_new_password])
async def test_a_session_that_ends_closes_its_socket_within_a_second(
    house: Household, end: Callable[[Household, dict[str, str]], Awaitable[None]]
) -> None:
    """Through the database's own signals, as between the processes of an installation."""
    own = await house.credentials(Caller.AGENT_B)
    async with open_socket(house.app, "/desk/socket", OURS | own | {"Host": "desk.test"}) as socket:
        await socket.accepted()
        await socket.tell({"watch": None, "tab": "mine"})
        await socket.text()
        await end(house, own)
        ended = time.monotonic()
        assert (await socket.closed())[0] == 4401
        assert time.monotonic() - ended <= 1.0


async def test_a_session_that_goes_on_keeps_its_socket(house: Household) -> None:
    """What the test above must not mistake for an end."""
    own = await house.credentials(Caller.AGENT_B)
    async with open_socket(house.app, "/desk/socket", OURS | own | {"Host": "desk.test"}) as socket:
        await socket.accepted()
        await socket.tell({"watch": None, "tab": "mine"})
        await socket.text()
        await post(house, "/desk/logout", await house.credentials(Caller.SUPERVISOR))
        assert await socket.is_quiet(1.0)
