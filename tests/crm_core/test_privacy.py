"""A person's data: all of it handed over, all of it forgotten, and forgotten again after a restore."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import insert, select, update

from crm_core import models, models_phone
from crm_core.agent_work import add_note, reply
from crm_core.answers import Answer, write_answer
from crm_core.contacts import Merge, merge_contacts, unmerge_contacts
from crm_core.contracts import Attachment, ContactId, ConversationId, Identity, Inbound, JsonObject
from crm_core.corrections import Reading, correct_intent
from crm_core.erasure import ERASURE_STEPS, Step, kept_of, person_of
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.events import SYSTEM, Actor
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.models_campaigns import Campaign, CampaignArm, CampaignMember, Consent
from crm_core.models_contacts import AddressClaim
from crm_core.models_desk import HeldReply
from crm_core.models_oversight import QualityReview
from crm_core.models_sales import Lead
from crm_core.outbox import Utterance
from crm_core.privacy import ErasedContact, Replayed, erase_contact, erasure_ledger, export_contact, replay_erasures
from crm_core.surveys import answer_survey, send_survey
from tests.support.canaries import MARK, backup, personal_columns, places, plant, restore
from tests.support.factories import Centre, visitor

ALL_PLACES = {f"{table}.{column}" for table, column in personal_columns()}
INDEXED = {"message.search"}  # made from the text


@dataclass(slots=True)
class Maria:
    """A contact with something in every table, and an older contact of hers merged into it."""

    contact_id: ContactId
    merged_id: ContactId
    conversation_id: ConversationId


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection]:
    """Beside the sessions, as a person with psql sees it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


async def live_through(centre: Centre, who: str) -> tuple[ContactId, ConversationId]:
    """Something in every table: a file, a proof, a card, a note, a pending letter, a rating."""
    file = Attachment("bill.pdf", "application/pdf", b"1", stored_as=f"token-{who}")
    identity = Identity("C-1001", f"{who}@example.com", None, who.title())
    first = Inbound(f"first-{who}", visitor(who), "Hi", identity=identity, attachments=(file,), raw=b"raw")
    received = await centre.deliver(first)
    contact_id = received.contact_id
    await centre.understood(received.message_id, "greeting")
    conversation_id = await centre.assigned("elena", who)
    async with centre.work() as session:
        await reply(session, centre.now, centre.reach("elena"), conversation_id, "Hello")
        await add_note(session, centre.now, centre.reach("elena"), conversation_id, "A note")
        by = {"agent_id": centre.staff["elena"], "reviewer_id": centre.staff["grace"], "at": centre.now}
        session.add(QualityReview(conversation_id=conversation_id, answers={}, score=80, comment="Good", **by))
        session.add(AddressClaim(contact_id=contact_id, uri=f"tel:{who}", at=centre.now))
        reading = Reading(received.message_id, "complaint")
        await correct_intent(session, centre.now, centre.reach("elena"), conversation_id, reading)
    await centre.close(conversation_id)
    async with centre.work() as session:
        await send_survey(session, centre.now, conversation_id)
        await answer_survey(session, centre.now, conversation_id, 5, "Thanks")
        held = {"agent_id": centre.staff["elena"], "created_at": centre.now, "due_at": centre.now}
        session.add(HeldReply(conversation_id=conversation_id, text="One thing more", **held))
        await enqueue(session, centre.now, NewJob(JobKind.MAIL, conversation_id, {"to": f"{who}@example.com"}))
        call = {"inbox_id": centre.inboxes["web"], "external_id": f"CA-{who}", "conversation_id": conversation_id}
        await session.execute(insert(models_phone.Call).values(**call, direction="in", started_at=centre.now))
    await be_marketed_to(centre, contact_id)
    return contact_id, conversation_id


async def be_marketed_to(centre: Centre, contact_id: ContactId) -> None:
    """A consent, a lot that still waits, and a lead."""
    at, elena = centre.now, centre.staff["elena"]
    async with centre.work() as session:
        session.add(Consent(contact_id=contact_id, purpose="marketing", source="agent", given_at=at))
        campaign = Campaign(name="Oak", created_by=elena, created_at=at)
        session.add(campaign)
        await session.flush()
        arm = CampaignArm(campaign_id=campaign.id, key="offer", share=100)
        session.add(arm)
        await session.flush()
        lot = {"customer_ref": "C-1001", "language": "en", "state": "waiting", "assigned_at": at, "due_at": at}
        session.add(CampaignMember(campaign_id=campaign.id, arm_id=arm.id, contact_id=contact_id,
                                   inbox_id=centre.inboxes["web"], **lot))  # fmt: skip
        times = {"first_contact_at": at, "created_at": at, "stage_at": at}
        session.add(Lead(contact_id=contact_id, owner_id=elena, stage="new", note="Oak", **times))


@pytest.fixture
async def maria(centre: Centre, database: psycopg.Connection) -> Maria:
    merged_id, _ = await live_through(centre, "maria-before")
    contact_id, conversation_id = await live_through(centre, "maria")
    async with centre.work() as session:
        await merge_contacts(session, centre.now, Actor("agent:1"), Merge(merged_id, contact_id, "same e-mail"))
    tables = {table for table, _ in personal_columns()}
    everything = {
        table: [row_id for (row_id,) in database.execute(f"select id from {table}").fetchall()] for table in tables
    }
    plant(database, everything)
    return Maria(contact_id, merged_id, conversation_id)


async def erase(centre: Centre, contact_id: ContactId) -> list[str]:
    async with centre.work() as session:
        return await erase_contact(session, centre.now, Actor.agent(centre.staff["ada"]), contact_id)


async def test_the_search_finds_every_canary_there_is(maria: Maria, database: psycopg.Connection) -> None:
    assert places(database) == ALL_PLACES | INDEXED
    assert len(ALL_PLACES) > 25


async def test_after_an_erasure_nothing_of_the_person_is_left(
    centre: Centre, maria: Maria, database: psycopg.Connection
) -> None:
    await erase(centre, maria.contact_id)
    assert places(database) == set()


async def test_whichever_of_the_merged_contacts_is_named_all_are_erased(
    centre: Centre, maria: Maria, database: psycopg.Connection
) -> None:
    await erase(centre, maria.merged_id)
    assert places(database) == set()
    assert [row.erased_at for row in await centre.rows(models.Contact)] == [centre.now] * 2


@pytest.mark.parametrize("skipped", ERASURE_STEPS, ids=lambda step: step.__name__)
async def test_without_any_one_step_something_is_left(
    centre: Centre, maria: Maria, database: psycopg.Connection, skipped: Step
) -> None:
    """The search must see a broken erasure, or it proves nothing."""
    async with centre.work() as session:
        person = await person_of(session, maria.contact_id, lock=True)
        for step in ERASURE_STEPS:
            if step is not skipped:
                await step(session, centre.now, person)
    table = skipped.__name__.split("_")[1].rstrip("s")
    expected = {
        "addresse": "address",
        "payload": "inbound_payload",
        "merge": "contact_merge",
        "correction": "nlu_correction",
        "claim": "address_claim",
        "held": "held_reply",
        "lot": "campaign_member",
        "review": "quality_review",
    }.get(table, table)
    assert {place.split(".")[0] for place in places(database)} == {expected}


async def test_the_files_to_delete_are_named(centre: Centre) -> None:
    contact_id, _ = await live_through(centre, "maria")
    await live_through(centre, "boris")
    assert await erase(centre, contact_id) == ["token-maria"]


async def test_the_figures_stay(centre: Centre) -> None:
    contact_id, conversation_id = await live_through(centre, "maria")
    before, conversation = await centre.events(conversation_id), await centre.conversation(conversation_id)
    await erase(centre, contact_id)
    assert await centre.events(conversation_id) == before
    after = await centre.conversation(conversation_id)
    for name in ("state", "queue_key", "agent_id", "disposition", "opened_at", "queued_at", "closed_at", "language"):
        assert getattr(after, name) == getattr(conversation, name), name
    assert [row.score for row in await centre.rows(models.Survey)] == [5]
    assert {row.text for row in await centre.rows(models.Message)} == {"erased"}


async def test_others_are_left_as_they_are(centre: Centre, database: psycopg.Connection) -> None:
    contact_id, _ = await live_through(centre, "maria")
    boris_id, _ = await live_through(centre, "boris")
    before = await rows_of(centre, boris_id)
    await erase(centre, contact_id)
    assert await rows_of(centre, boris_id) == before


async def rows_of(centre: Centre, contact_id: ContactId) -> JsonObject:
    async with centre.work() as session:
        content = await export_contact(session, centre.now, centre.reach("ada"), contact_id)
    events = content["events"]
    assert isinstance(events, list)
    content["events"] = [row for row in events if isinstance(row, dict) and row["kind"] != "contact_exported"]
    return content


async def test_who_was_erased_is_a_stranger_when_they_write_again(centre: Centre) -> None:
    contact_id, _ = await live_through(centre, "maria")
    await erase(centre, contact_id)
    again = await centre.write(who="maria")
    assert again.contact_id != contact_id
    assert [row.uri for row in await centre.rows(models.Address)] == ["web:maria"]


async def test_the_erasure_is_recorded_without_saying_whose(centre: Centre) -> None:
    contact_id, _ = await live_through(centre, "maria")
    await erase(centre, contact_id)
    event = (await centre.rows(models.Event))[-1]
    assert (event.kind, event.data, event.contact_id) == ("contact_erased", {}, contact_id)
    (line,) = await centre.rows(models.Erasure)
    assert (line.contact_id, line.actor, line.at) == (contact_id, f"agent:{centre.staff['ada']}", centre.now)


async def test_while_a_colleague_works_on_it_nothing_is_erased(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    contact_id = ContactId((await centre.conversation(conversation_id)).contact_id)
    with pytest.raises(Conflict, match="resolve it first"):
        await erase(centre, contact_id)
    assert [row.text for row in await centre.rows(models.Message)] == ["Hello"]


async def test_a_turn_that_is_still_thinking_cannot_write_what_it_remembers(centre: Centre) -> None:
    received = await centre.write("My name is Maria")
    await erase(centre, received.contact_id)
    late = Answer(
        received.conversation_id, 0, received.message_id, "en", None, {"name": "Maria"}, [Utterance("Hello Maria")],
        [], {}, None,
    )  # fmt: skip
    async with centre.work() as session:
        assert not await write_answer(session, centre.now, late)
    conversation = await centre.conversation(received.conversation_id)
    assert (conversation.state, conversation.bot_memory) == ("closed", {})
    assert await centre.rows(models.Job) == []


async def test_what_was_erased_cannot_be_unmerged_or_merged(centre: Centre, maria: Maria) -> None:
    await erase(centre, maria.contact_id)
    (merge,) = await centre.rows(models.ContactMerge)
    stranger = (await centre.write(who="boris")).contact_id
    async with centre.work() as session:
        with pytest.raises(Conflict):
            await unmerge_contacts(session, centre.now, SYSTEM, merge.id)
        with pytest.raises(Conflict):
            await merge_contacts(session, centre.now, SYSTEM, Merge(stranger, maria.contact_id, "?"))


async def test_erasing_again_does_no_harm(centre: Centre, maria: Maria, database: psycopg.Connection) -> None:
    await erase(centre, maria.contact_id)
    assert await erase(centre, maria.contact_id) == []
    assert places(database) == set()


async def test_nobody_cannot_be_erased(centre: Centre) -> None:
    with pytest.raises(NotFound):
        await erase(centre, ContactId(999_999))


@pytest.mark.parametrize(
    ("happened", "kept"),
    [
        ({"waited_s": 1.5, "first": True, "reason": "asked_for_person"}, None),
        ({"source": "delivery.md#times", "score": 0.91, "message_ids": [1, 2]}, None),
        ({"reason": "Maria wants it"}, {}),
        ({"reason": "maria@example.com", "code": "timeout"}, {"code": "timeout"}),
        ({"name": "maria", "ms": 3}, {"ms": 3}),
        ({"reason": {"name": "maria"}, "message_ids": ["María López"]}, {}),
    ],
)
def test_an_event_keeps_numbers_and_our_own_words(happened: JsonObject, kept: JsonObject | None) -> None:
    assert kept_of(happened) == (happened if kept is None else kept)


async def replay(centre: Centre, *ledger: ErasedContact, at: datetime | None = None) -> Replayed:
    async with centre.work() as session:
        return await replay_erasures(session, at or centre.now, ledger)


async def test_after_a_restore_the_kept_ledger_is_erased_again(
    centre: Centre, maria: Maria, database: psycopg.Connection
) -> None:
    older = backup(database)
    await erase(centre, maria.contact_id)
    async with centre.work() as session:
        ledger = await erasure_ledger(session)
    restore(database, older)
    assert places(database) == ALL_PLACES | INDEXED
    assert await replay(centre) == Replayed(0, ()), "the backup's own ledger does not know of it yet"
    replayed = await replay(centre, *ledger)
    assert replayed.contacts == 2
    assert len(replayed.tokens) == 2
    assert places(database) == set()
    assert await replay(centre, *ledger) == Replayed(0, ())


async def test_a_colleague_s_open_conversation_does_not_stop_the_replay(
    centre: Centre, database: psycopg.Connection
) -> None:
    conversation_id = await centre.assigned("elena")
    contact_id = (await centre.conversation(conversation_id)).contact_id
    assert (await replay(centre, ErasedContact(contact_id, centre.now))).contacts == 1
    assert (await centre.conversation(conversation_id)).state == "closed"
    assert {row.text for row in await centre.rows(models.Message)} == {"erased"}


async def test_who_came_after_the_erasure_with_a_reused_number_is_somebody_else(centre: Centre) -> None:
    newcomer = await centre.write(who="boris")
    earlier = ErasedContact(newcomer.contact_id, centre.now - timedelta(seconds=1))
    assert await replay(centre, earlier) == Replayed(0, ())
    assert [row.text for row in await centre.rows(models.Message)] == ["Hello"]


async def test_the_ledger_in_the_database_is_replayed_too(centre: Centre) -> None:
    """As after a restore of single tables."""
    contact_id, _ = await live_through(centre, "maria")
    await erase(centre, contact_id)
    async with centre.work() as session:
        await session.execute(update(models.Contact).values(name="Maria", erased_at=None))
    assert (await replay(centre)).contacts == 1
    assert [row.name for row in await centre.rows(models.Contact)] == [None]


async def test_an_export_holds_everything_there_is(centre: Centre, maria: Maria) -> None:
    for contact_id in (maria.contact_id, maria.merged_id):
        async with centre.work() as session:
            content = await export_contact(session, centre.now, centre.reach("grace"), contact_id)
        text = json.dumps(content, ensure_ascii=False)
        raw = content["received"]
        assert isinstance(raw, list)
        text += "".join(base64.b64decode(str(row["raw"])).decode() for row in raw if isinstance(row, dict))
        missing = {place for place in ALL_PLACES if f"{MARK} {place} " not in text}
        assert missing == set()


async def test_an_export_names_each_kind_of_thing(centre: Centre) -> None:
    contact_id, _ = await live_through(centre, "maria")
    await live_through(centre, "boris")
    content = await rows_of(centre, contact_id)
    sizes = {name: len(rows) for name, rows in content.items() if isinstance(rows, list)}
    assert sizes == {
        "contacts": 1, "addresses": 2, "claims": 1, "merges": 0, "conversations": 1, "messages": 4, "held": 1,
        "attachments": 1,
        "surveys": 1, "corrections": 1, "reviews": 1, "received": 2, "events": 12, "jobs": 4, "calls": 1,
        "consents": 1, "campaigns": 1, "leads": 1,
    }  # fmt: skip
    assert "boris" not in json.dumps(content)


@pytest.mark.parametrize(("who", "allowed"), [("elena", False), ("lev", False), ("grace", True), ("ada", True)])
async def test_an_export_is_for_those_who_answer_for_it(centre: Centre, who: str, allowed: bool) -> None:  # noqa: FBT001
    contact_id = (await centre.write()).contact_id
    async with centre.work() as session:
        if not allowed:
            with pytest.raises(Forbidden):
                await export_contact(session, centre.now, centre.reach(who), contact_id)
            return
        await export_contact(session, centre.now, centre.reach(who), contact_id)
    async with centre.sessions() as session:
        event = (await session.scalars(select(models.Event).order_by(models.Event.id.desc()).limit(1))).one()
    assert (event.kind, event.actor, event.data) == ("contact_exported", f"agent:{centre.staff[who]}", {})
