"""The audit trail: complete, only added to, and whoever changes it is found out."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from crm_core.agent_work import take_over
from crm_core.audit import (
    PAGE,
    AuditAction,
    Deed,
    Wanted,
    append,
    audit_trail,
    holds_since,
    note_reading,
    verify_chain,
)
from crm_core.errors import Forbidden
from crm_core.events import SYSTEM, Actor
from crm_core.privacy import erase_contact, export_contact
from tests.support.factories import Centre


async def write(centre: Centre, many: int = 5) -> None:
    for number in range(many):
        detail = {"fields": ["q", "queue"], "n": number, "who": "Ё"}
        async with centre.work() as session:
            deed = Deed(AuditAction.SEARCHED, Actor.agent(7), f"conversation:{number}", "10.0.0.1", detail)  # type: ignore[arg-type]
            await append(session, centre.now + timedelta(seconds=number), deed)


async def broken(centre: Centre) -> int | None:
    async with centre.work() as session:
        return (await verify_chain(session)).broken


async def test_rows_as_they_were_written_hold(centre: Centre) -> None:
    assert await broken(centre) is None
    await write(centre)
    async with centre.work() as session:
        verdict = await verify_chain(session)
        assert (verdict.entries, verdict.broken) == (5, None)
        assert await holds_since(session, 5, verdict.head)
        assert not await holds_since(session, 4, verdict.head)
        assert not await holds_since(session, 6, verdict.head)


@pytest.mark.parametrize(
    "change",
    [
        "update audit_entry set actor = 'agent:8' where id = 3", "update audit_entry set at = at + '1 s' where id = 3",
        "update audit_entry set detail = '{}' where id = 3", "update audit_entry set source = null where id = 3",
        "update audit_entry set object = 'conversation:9' where id = 3",
        "update audit_entry set hash = '' where id = 3",
        "update audit_entry set action = 'logged_in' where id = 3",
    ],
)  # fmt: skip
async def test_a_row_that_was_tampered_with_is_named(centre: Centre, database_url: str, change: str) -> None:
    await write(centre)
    tamper(database_url, change)
    assert await broken(centre) == 3


async def test_a_row_that_was_taken_out_is_noticed(centre: Centre, database_url: str) -> None:
    await write(centre)
    tamper(database_url, "delete from audit_entry where id = 3")
    assert await broken(centre) == 4


async def test_rows_cut_off_at_the_end_are_noticed_by_who_noted_the_last(centre: Centre, database_url: str) -> None:
    await write(centre)
    async with centre.work() as session:
        head = (await verify_chain(session)).head
    tamper(database_url, "delete from audit_entry where id = 5")
    assert await broken(centre) is None
    async with centre.work() as session:
        assert not await holds_since(session, 5, head)


def tamper(url: str, change: str) -> None:
    """As only the owner of the server can: triggers are switched off."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(change)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "change", ["update audit_entry set actor = 'x'", "delete from audit_entry", "truncate audit_entry"]
)
async def test_the_application_cannot_change_a_row(centre: Centre, change: str) -> None:
    await write(centre)
    with pytest.raises(DBAPIError, match="only added to"):
        async with centre.work() as session:
            await session.execute(text(change))
    assert await broken(centre) is None


async def test_many_at_once_make_one_chain(centre: Centre) -> None:
    await asyncio.gather(*(write(centre, 4) for _ in range(8)))
    async with centre.work() as session:
        verdict = await verify_chain(session)
    assert (verdict.entries, verdict.broken) == (32, None)


async def test_what_was_rolled_back_leaves_no_gap(centre: Centre) -> None:
    await write(centre, 1)
    async with centre.sessions() as session:  # never committed
        await append(session, centre.now, Deed(AuditAction.LOGGED_IN, SYSTEM))
    await write(centre, 1)
    assert await broken(centre) is None


async def deeds(centre: Centre, **wanted: object) -> list[tuple[str, str, str | None]]:
    async with centre.work() as session:
        found = await audit_trail(session, centre.reach("ada").viewer, Wanted(**wanted))  # type: ignore[arg-type]
    return [(entry.action, entry.actor, entry.object) for entry in found]


async def test_reading_is_noted_of_those_who_neither_own_nor_serve(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    for who in ("elena", "pavel", "lev", "grace", "grace"):
        async with centre.work() as session:
            await note_reading(session, centre.now, centre.reach(who), conversation_id, "10.0.0.1")
    grace = f"agent:{centre.staff['grace']}"
    assert await deeds(centre) == [("transcript_read", grace, f"conversation:{conversation_id}")]
    async with centre.work() as session:
        later = centre.now + timedelta(minutes=2)
        await note_reading(session, later, centre.reach("grace"), conversation_id, None)
        await note_reading(session, later, centre.reach("grace"), 999_999, None)
    assert len(await deeds(centre)) == 2


async def test_taking_over_exporting_and_erasing_are_noted(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    contact_id = (await centre.conversation(conversation_id)).contact_id
    ada = f"agent:{centre.staff['ada']}"
    async with centre.work() as session:
        await take_over(session, centre.now, centre.reach("ada"), conversation_id)
        await export_contact(session, centre.now, centre.reach("ada"), contact_id)  # type: ignore[arg-type]
    await centre.close(conversation_id, by="ada")
    async with centre.work() as session:
        await erase_contact(session, centre.now, SYSTEM, contact_id)  # type: ignore[arg-type]
    assert await deeds(centre) == [
        ("contact_erased", "system", f"contact:{contact_id}"), ("contact_exported", ada, f"contact:{contact_id}"),
        ("taken_over", ada, f"conversation:{conversation_id}"),
    ]  # fmt: skip


async def test_the_trail_is_read_by_administrators_and_narrowed(centre: Centre) -> None:
    await write(centre, PAGE + 2)
    for who in ("elena", "lev", "grace"):
        with pytest.raises(Forbidden):
            async with centre.work() as session:
                await audit_trail(session, centre.reach(who).viewer, Wanted())
    assert len(await deeds(centre)) == PAGE
    assert len(await deeds(centre, object="conversation:3", actor="agent:7", action="searched")) == 1
    assert await deeds(centre, actor="agent:8") == []
    assert len(await deeds(centre, since=centre.now + timedelta(seconds=50))) == 2
    assert len(await deeds(centre, until=centre.now + timedelta(seconds=2))) == 2
