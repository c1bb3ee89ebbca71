"""The extraction: nothing is passed over, counted twice or kept of a person, whatever interrupts it."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import update

from config.routing_files import Calendar
from config.settings import ROOT
from crm_core import models
from crm_core.contracts import ContactId
from crm_core.db import Sessions
from crm_core.errors import Conflict, SetupRequired
from crm_core.events import SYSTEM
from crm_core.hours import hours_of
from crm_core.privacy import erase_contact
from insight.extract import extract
from insight.extract_sql import LOCK
from insight.history import read_history, read_states
from insight.warehouse import Warehouse
from tests.support.canaries import MARK, plant
from tests.support.factories import Centre
from tests.support.simulated_day import write_events
from tests.support.warehouse import LATER, facts_in, fill, later_day, question, source, words_in

pytestmark = pytest.mark.slow


@pytest.fixture
async def centre(sessions: Sessions, now: datetime) -> Centre:
    return await Centre(sessions, now).open()


async def test_what_comes_late_or_twice_changes_nothing_but_what_it_tells(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    """Events of long ago with new ids, read in several runs: the same as read at once."""
    told = [each for number in range(3) for each in later_day(number).told]
    await write_events(sessions, [each for place, each in enumerate(told) if place % 3])
    fill(database_url, tmp_path / "bit by bit")
    await write_events(sessions, [each for place, each in enumerate(told) if place % 3 == 0])
    fill(database_url, tmp_path / "bit by bit")
    fill(database_url, tmp_path / "at once")
    bit_by_bit, at_once = (facts_in(tmp_path / name) for name in ("bit by bit", "at once"))
    assert bit_by_bit == at_once
    assert bit_by_bit["fact_segment"]
    fill(database_url, tmp_path / "bit by bit")
    assert facts_in(tmp_path / "bit by bit") == bit_by_bit
    fill(database_url, tmp_path / "bit by bit", full=True)
    assert facts_in(tmp_path / "bit by bit") == bit_by_bit


async def test_an_hour_that_is_moved_is_noticed(sessions: Sessions, database_url: str, tmp_path: Path) -> None:
    await write_events(sessions, later_day(0).told)
    fill(database_url, tmp_path)

    def open_slots() -> list[tuple[object, ...]]:
        with Warehouse(tmp_path).open() as warehouse:
            return warehouse.execute(
                "select min(slot), max(slot) from dim_slot where is_open and weekday = 1"
            ).fetchall()

    assert open_slots() == [(36, 71)]
    windows = [{"days": [0, 1, 2, 3, 4], "start": "10:00", "end": "19:00"}]
    moved = Calendar.model_validate({"key": "office", "time_zone": "Europe/Madrid", "windows": windows})
    changed = replace(source(database_url), calendars={"office": hours_of(moved)})
    extract(changed, Warehouse(tmp_path), LATER, lambda _: None)
    assert open_slots() == [(40, 75)]


async def test_a_transaction_that_ends_late_is_not_passed_over(database_url: str, tmp_path: Path) -> None:
    """Its event has the lower number, and is not to be seen until after the higher one was read."""
    with psycopg.connect(database_url) as slow, psycopg.connect(database_url, autocommit=True) as quick:
        open_conversation(slow, 1)
        open_conversation(quick, 2)
        manifest = fill(database_url, tmp_path)
        assert conversations_in(tmp_path) == [2]
        slow.commit()
        broken = tmp_path / "broken"
        fill(database_url, broken)
        ((newest,),) = quick.execute("select max(transaction_id) from event").fetchall()
    fill(database_url, tmp_path)
    assert conversations_in(tmp_path) == [1, 2]
    assert manifest.cursor is not None
    assert manifest.cursor <= newest


async def test_a_cursor_at_the_newest_row_would_pass_it_over(database_url: str, tmp_path: Path) -> None:
    """The broken variant: what most exports do."""
    warehouse = Warehouse(tmp_path)
    with psycopg.connect(database_url) as slow, psycopg.connect(database_url, autocommit=True) as quick:
        open_conversation(slow, 1)
        open_conversation(quick, 2)
        manifest = fill(database_url, tmp_path)
        ((newest,),) = quick.execute("select max(transaction_id) from event").fetchall()
        warehouse.swap(replace(manifest, cursor=newest + 1))
        slow.commit()
    fill(database_url, tmp_path)
    assert conversations_in(tmp_path) == [2]


def open_conversation(connection: psycopg.Connection, number: int) -> None:
    connection.execute(
        "insert into event (at, conversation_id, contact_id, kind, actor) values"
        " ('2026-11-23 10:00+00', %(number)s, %(number)s, 'conversation_opened', 'contact')",
        {"number": number},
    )


def conversations_in(folder: Path) -> list[int]:
    with Warehouse(folder).open() as warehouse:
        rows = warehouse.execute("select conversation_id from fact_conversation order by all").fetchall()
    return [number for (number,) in rows]


EXTRACT = """
import sys
from pathlib import Path
from tests.support.warehouse import LATER, source
from insight.extract import extract
from insight.warehouse import Warehouse

extract(source(sys.argv[1], 4), Warehouse(Path(sys.argv[2])), LATER, lambda told: print(told.done, flush=True))
"""


def killed_half_way(url: str, folder: Path) -> int:
    """How many conversations were done when the extraction was killed."""
    command = [sys.executable, "-c", EXTRACT, url, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        done = 0
        for line in process.stdout:
            done = int(line)
            if done >= 12:
                os.kill(process.pid, signal.SIGKILL)
                break
    return done


async def test_killed_half_way_it_goes_on_from_there(sessions: Sessions, database_url: str, tmp_path: Path) -> None:
    await write_events(sessions, later_day(0, contacts=60).told)
    done = killed_half_way(database_url, tmp_path / "killed")
    run = Warehouse(tmp_path / "killed").manifest().run
    assert run is not None
    assert run.done >= done > 0
    told: list[int] = []
    extract(source(database_url, 4), Warehouse(tmp_path / "killed"), LATER, lambda each: told.append(each.done))
    assert told[0] >= done
    fill(database_url, tmp_path / "whole")
    assert facts_in(tmp_path / "killed") == facts_in(tmp_path / "whole")


async def test_progress_noted_before_the_files_would_lose_facts(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    """The broken variant: a manifest that counts the batch which the crash took."""
    await write_events(sessions, later_day(0, contacts=60).told)
    killed_half_way(database_url, tmp_path)
    warehouse = Warehouse(tmp_path)
    manifest = warehouse.manifest()
    assert manifest.run is not None
    warehouse.swap(replace(manifest, run=replace(manifest.run, done=manifest.run.done + 4)))
    fill(database_url, tmp_path)
    fill(database_url, tmp_path / "whole")
    assert facts_in(tmp_path) != facts_in(tmp_path / "whole")


async def test_an_erased_person_is_gone_from_every_file_and_every_total_stays(
    centre: Centre, database_url: str, tmp_path: Path
) -> None:
    conversation_id = await centre.assigned("elena", "maria")
    await centre.close(conversation_id)
    row = await centre.conversation(conversation_id)
    with psycopg.connect(database_url, autocommit=True) as connection:
        scopes = {"contact": [row.contact_id], "conversation": [conversation_id]}
        events = connection.execute("select id from event where kind = 'handoff_requested'").fetchall()
        plant(connection, {**scopes, "event": [event_id for (event_id,) in events]})
    fill(database_url, tmp_path, now=centre.now)
    before = facts_in(tmp_path)
    assert words_in(tmp_path, MARK) == {"fact_handoff"}, "the check sees what is there"
    async with centre.work() as session:
        await erase_contact(session, centre.now, SYSTEM, ContactId(row.contact_id))
    fill(database_url, tmp_path, now=centre.now)
    after = facts_in(tmp_path)
    assert words_in(tmp_path, MARK) == set()
    reasons = before.pop("fact_handoff"), after.pop("fact_handoff")
    assert len(reasons[0]) == len(reasons[1]) == 1
    assert after == before
    with Warehouse(tmp_path).open() as warehouse:
        told = warehouse.execute("select language, customer_key, is_erased from dim_contact").fetchall()
    assert told == [(None, None, True)]


async def test_only_one_extracts_at_a_time(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(LOCK)
        with pytest.raises(Conflict, match="under way"):
            fill(database_url, tmp_path)
    fill(database_url, tmp_path)


async def test_an_empty_company_has_a_warehouse_too(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(SetupRequired, match="insight extract"), Warehouse(tmp_path).open():
        pass
    fill(database_url, tmp_path)
    with Warehouse(tmp_path).open() as warehouse:
        report = read_history(warehouse, question())
        assert (report.now["offered"].value, report.now["asa"].value, report.slots) == (0, None, ())
        assert read_states(warehouse, question(), question().period).counts == {}


async def test_another_database_fills_the_folder_anew(sessions: Sessions, database_url: str, tmp_path: Path) -> None:
    await write_events(sessions, later_day(0).told)
    manifest = fill(database_url, tmp_path)
    Warehouse(tmp_path).swap(replace(manifest, cluster="another", cursor=2**60))
    assert fill(database_url, tmp_path).cluster == manifest.cluster
    assert facts_in(tmp_path)["fact_segment"]


async def test_the_past_of_an_agent_is_kept(centre: Centre, database_url: str, tmp_path: Path) -> None:
    fill(database_url, tmp_path, now=centre.now + timedelta(hours=1))
    async with centre.work() as session:
        await session.execute(update(models.User).where(models.User.id == centre.staff["elena"]).values(capacity=2))
    fill(database_url, tmp_path, now=centre.now + timedelta(hours=2))
    with Warehouse(tmp_path).open() as warehouse:
        rows = warehouse.execute(
            "select capacity, valid_from, valid_to from dim_agent where agent = $agent order by valid_from",
            {"agent": str(centre.staff["elena"])},
        ).fetchall()
    at = [centre.now.replace(tzinfo=None) + timedelta(hours=hours) for hours in (0, 2)]
    assert rows == [(5, at[0], at[1]), (2, at[1], None)]


async def test_open_seconds_count_business_time(sessions: Sessions, database_url: str, tmp_path: Path) -> None:
    await write_events(sessions, later_day(0).told)
    fill(database_url, tmp_path)
    with Warehouse(tmp_path).open() as warehouse:
        ((open_s, slots),) = warehouse.execute(
            "select max(open_s) - min(open_s), count(*) filter (where is_open) from dim_slot"
            " where slot_at::date = date '2026-11-23'"
        ).fetchall()
    assert (open_s, slots) == (9 * 3600, 9 * 4)
