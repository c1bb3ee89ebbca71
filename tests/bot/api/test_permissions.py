"""Who may do what with which key: the whole table, other teams, what a body must not set, ids that are none."""

from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import insert, select, update

from crm_core import models
from crm_core.access import Reach, visible_contacts, visible_conversations
from crm_core.db import unit_of_work
from crm_core.models_api import ApiKey
from crm_core.states import Scope
from tests.bot.api.conftest import MakeProgram
from tests.support.api_program import EVERYTHING, ApiParts, Program
from tests.support.factories import Centre

SCOPES: dict[tuple[str, str], set[Scope]] = {
    ("GET", "/contacts"): {Scope.CONTACTS_READ},
    ("POST", "/contacts"): {Scope.CONTACTS_WRITE},
    ("GET", "/contacts/{contact}"): {Scope.CONTACTS_READ},
    ("PATCH", "/contacts/{contact}"): {Scope.CONTACTS_WRITE},
    ("GET", "/contacts/{contact}/orders"): {Scope.ORDERS_READ},
    ("GET", "/contacts/{contact}/orders/1"): {Scope.ORDERS_READ},
    ("GET", "/conversations"): {Scope.CONVERSATIONS_READ},
    ("GET", "/conversations/{conversation}"): {Scope.CONVERSATIONS_READ},
    ("POST", "/conversations/{conversation}/close"): {Scope.CONVERSATIONS_WRITE},
    ("POST", "/conversations/{conversation}/snooze"): {Scope.CONVERSATIONS_WRITE},
    ("POST", "/conversations/{conversation}/transfer"): {Scope.CONVERSATIONS_WRITE},
    ("GET", "/conversations/{conversation}/messages"): {Scope.CONVERSATIONS_READ},
    ("POST", "/conversations/{conversation}/messages"): {Scope.MESSAGES_WRITE, Scope.NOTES_WRITE},
    ("GET", "/events"): {Scope.EVENTS_READ},
    ("GET", "/queues"): {Scope.REPORTS_READ},
    ("GET", "/agents"): {Scope.REPORTS_READ},
    ("GET", "/reports"): {Scope.REPORTS_READ},
    ("GET", "/exports/conversations/{conversation}"): {Scope.EXPORTS_READ},
    ("GET", "/exports/contacts/{contact}"): {Scope.EXPORTS_READ},
}
BODIES = {
    "/contacts": {"address": "mailto:new@example.com"},
    "/contacts/{contact}": {"name": "M."},
    "/conversations/{conversation}/close": {"disposition": "resolved"},
    "/conversations/{conversation}/snooze": {"until": "2026-11-24T10:00:00Z"},
    "/conversations/{conversation}/transfer": {"queue": "billing"},
    "/conversations/{conversation}/messages": {"text": "Hello"},
}
OF_ONE = [key for key in SCOPES if "{" in key[1]]
TELLS = {401: "unauthenticated", 403: "forbidden", 404: "not_found"}


async def ids_of(centre: Centre, queue: str = "service") -> dict[str, int]:
    conversation_id = await centre.assigned("elena", f"in-{queue}", queue)
    return {
        "conversation": conversation_id,
        "contact": (await centre.conversation(conversation_id)).contact_id,
    }


async def call(program: Program, operation: tuple[str, str], ids: dict[str, int]) -> httpx.Response:
    method, path = operation
    place = path.format(**ids)
    if method == "GET":
        asked = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-23T00:00:00Z"} if path == "/reports" else {}
        return await program.get(place, **asked)
    return await program.post(place, BODIES[path], method=method)


async def test_the_table_holds_every_operation(http: httpx.AsyncClient) -> None:
    described = (await http.get("/api/v1/openapi.json")).json()["paths"]
    names = {"{contact_id}": "{contact}", "{conversation_id}": "{conversation}", "{number}": "1"}
    found = {}
    for path, methods in described.items():
        for name, ours in names.items():
            path = path.replace(name, ours)  # noqa: PLW2901
        found |= {(method.upper(), path): set(told["x-scopes"]) for method, told in methods.items()}
    assert found == SCOPES


@pytest.mark.parametrize("operation", SCOPES)
async def test_an_operation_opens_to_its_scopes_and_to_no_other(
    make_program: MakeProgram, http: httpx.AsyncClient, centre: Centre, operation: tuple[str, str]
) -> None:
    ids, needed = await ids_of(centre), SCOPES[operation]
    lacking = await call(await make_program(EVERYTHING - needed), operation, ids)
    assert (lacking.status_code, lacking.json()["code"]) == (403, "forbidden")
    having = await call(await make_program(needed), operation, ids)
    assert having.status_code in ((404,) if "orders" in operation[1] else (200, 201)), having.text
    stranger = await http.request(operation[0], "/api/v1" + operation[1].format(**ids))
    assert stranger.status_code in (401, 422), "a write without Idempotency-Key may be told that first"


async def test_a_note_and_a_reply_need_each_their_own_scope(make_program: MakeProgram, centre: Centre) -> None:
    path = f"/conversations/{(await ids_of(centre))['conversation']}/messages"
    notes, replies = await make_program([Scope.NOTES_WRITE]), await make_program([Scope.MESSAGES_WRITE])
    assert (await notes.post(path, {"text": "To the customer"})).status_code == 403
    assert (await replies.post(path, {"text": "To colleagues", "kind": "note"})).status_code == 403


@pytest.mark.parametrize("operation", OF_ONE)
async def test_another_team_s_is_not_there(
    make_program: MakeProgram, centre: Centre, operation: tuple[str, str]
) -> None:
    limited = await make_program(EVERYTHING, teams=["claims"])
    ids = await ids_of(centre, "billing")
    answer = await call(limited, operation, ids)
    assert answer.status_code == (403 if "exports/contacts" in operation[1] else 404)


async def test_a_limited_key_lists_only_its_teams(make_program: MakeProgram, centre: Centre) -> None:
    ours, theirs = await centre.waiting("v1", "returns"), await centre.waiting("v2", "billing")
    limited = await make_program(EVERYTHING, teams=["claims"])
    listed = (await limited.get("/conversations")).json()["items"]
    assert [one["id"] for one in listed] == [ours]
    told = (await limited.get("/events", limit=100)).json()["items"]
    assert {event["conversation_id"] for event in told} == {ours}
    assert [one["id"] for one in (await limited.get("/contacts")).json()["items"]] == [listed[0]["contact_id"]]
    assert {one["key"] for one in (await limited.get("/queues")).json()["items"]} == {"returns"}
    assert (await limited.get("/agents")).json()["items"] == []
    assert theirs not in {one["id"] for one in listed}


async def test_a_program_owns_nothing(parts: ApiParts, make_program: MakeProgram, centre: Centre) -> None:
    """Its viewer has the id of nobody, so conversations without an agent are not its own."""
    await centre.write()
    limited = await make_program(EVERYTHING, teams=["claims"])
    assert (await limited.get("/conversations")).json()["items"] == []
    assert (await limited.get("/contacts")).json()["items"] == []


@pytest.mark.parametrize("change", ["queue", "state"])
async def test_moving_it_away_ends_the_sight_of_it(make_program: MakeProgram, centre: Centre, change: str) -> None:
    conversation_id = await centre.waiting("v1", "returns")
    limited = await make_program(EVERYTHING, teams=["claims"])
    assert (await limited.get(f"/conversations/{conversation_id}")).status_code == 200
    values = {"queue_key": "billing"} if change == "queue" else {"state": "bot", "queue_key": None}
    async with unit_of_work(centre.sessions) as session:
        await session.execute(update(models.Conversation).values(**values))
    assert (await limited.get(f"/conversations/{conversation_id}")).status_code == 404


MODELS: Sequence[tuple[str, str, type]] = [
    ("PATCH", "/contacts/{contact}", models.Contact),
    ("POST", "/contacts", models.Contact),
    ("POST", "/conversations/{conversation}/messages", models.Message),
    ("POST", "/conversations/{conversation}/close", models.Conversation),
    ("POST", "/conversations/{conversation}/transfer", models.Conversation),
]


@pytest.mark.parametrize(("method", "path", "model"), MODELS)
async def test_no_column_can_be_set_beside_the_agreed_fields(
    program: Program, centre: Centre, method: str, path: str, model: type
) -> None:
    ids = await ids_of(centre)
    for column in set(model.__table__.columns.keys()) - {"name", "language", "time_zone", "text", "disposition"}:
        body = BODIES[path] | {column: 1}
        answer = await program.post(path.format(**ids), body, method=method)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), column
        assert column in answer.json()["detail"]


@pytest.mark.parametrize(
    "number", ["0", "-1", "1e0", "1.0", "%201", "+1", "1_0", "true", "[1]", "٣", "9" * 19, "9" * 40]
)
@pytest.mark.parametrize("path", ["/contacts/{}", "/conversations/{}", "/conversations/{}/messages"])
async def test_an_odd_id_in_an_address_finds_nothing(program: Program, number: str, path: str) -> None:
    assert (await program.get(path.format(number))).status_code == 404


async def test_an_odd_id_in_a_body_is_refused(program: Program, centre: Centre) -> None:
    ids = await ids_of(centre)
    path = f"/conversations/{ids['conversation']}/transfer"
    for value in ("1", True, [1], 1.0, {"id": 1}, -1, 0, 2**63, None):
        assert (await program.post(path, {"agent_id": value})).status_code == 422, value


async def test_an_agent_of_nowhere_and_a_queue_of_nowhere_are_refused(program: Program, centre: Centre) -> None:
    path = f"/conversations/{(await ids_of(centre))['conversation']}/transfer"
    assert (await program.post(path, {"agent_id": 2**40})).status_code == 409
    answer = await program.post(path, {"queue": "abolished"})
    assert (answer.status_code, "billing" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    "column",
    [{"revoked_at": True}, {"expires_at": True}, {"hash": b"other"}],
    ids=["revoked", "expired", "other"],
)
async def test_a_key_that_no_longer_is_one_opens_nothing(
    program: Program, parts: ApiParts, column: dict[str, object]
) -> None:
    values = {name: parts.clock.now if value is True else value for name, value in column.items()}
    assert (await program.get("/contacts")).status_code == 200
    async with unit_of_work(parts.sessions) as session:
        await session.execute(update(ApiKey).where(ApiKey.id == program.key_id).values(**values))
    answer = await program.get("/contacts")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_only_the_hash_is_stored_and_the_last_use_is_noted(program: Program, parts: ApiParts) -> None:
    await program.get("/contacts")
    async with parts.sessions() as session:
        row = (await session.scalars(select(ApiKey))).one()
    assert program.key.encode() not in row.hash
    assert program.key not in str(vars(row))
    assert (len(program.key), row.last_used_at, row.expires_at) == (
        46,
        parts.clock.now,
        parts.clock.now + timedelta(30),
    )


async def test_what_is_no_key_is_refused(http: httpx.AsyncClient) -> None:
    for given in ("", "Bearer", "Bearer ", "Basic abc", "Bearer sb_", "Bearer \x7f", "Bearer " + "x" * 9000):
        answer = await http.get("/api/v1/contacts", headers={"Authorization": given})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), given


async def test_contacts_without_conversations_belong_to_nobody(centre: Centre) -> None:
    """The rule for contacts, in SQL, beside the one for conversations."""
    async with unit_of_work(centre.sessions) as session:
        await session.execute(insert(models.Contact).values(created_at=centre.now))
    ours, theirs = await centre.waiting("v1"), await centre.waiting("v2", "billing")
    reach: Reach = centre.reach("elena")
    async with centre.sessions() as session:
        seen = set(await session.scalars(select(models.Contact.id).where(visible_contacts(reach))))
        hers = set(await session.scalars(select(models.Conversation.contact_id).where(visible_conversations(reach))))
    assert {(await centre.conversation(theirs)).contact_id} & seen == set()
    assert (await centre.conversation(ours)).contact_id in seen & hers
    assert len(seen - hers) == 1
