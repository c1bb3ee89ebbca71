"""What programs read and write through the API."""

import json
from datetime import timedelta

from sqlalchemy import select, update

from crm_core import models
from crm_core.contracts import Identity, Inbound
from crm_core.db import unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.states import AgentState
from crm_core.supervision import whisper
from tests.bot.api.conftest import MakeProgram
from tests.support.api_program import ApiParts, Program
from tests.support.factories import Centre, visitor


async def test_a_contact_is_created_found_by_address_and_changed(program: Program) -> None:
    made = await program.post("/contacts", {"address": "mailto:Maria@Example.com", "name": "María", "language": "es"})
    assert made.status_code == 201
    found = (await program.get("/contacts", address="mailto:maria@example.com")).json()
    assert [one["id"] for one in found["items"]] == [made.json()["id"]]
    assert (found["items"][0]["addresses"][0]["verified_at"], found["next"]) == (None, None)
    path = f"/contacts/{made.json()['id']}"
    assert (await program.patch(path, {"name": None, "time_zone": "Europe/Madrid"})).status_code == 200
    changed = (await program.get(path)).json()
    assert (changed["name"], changed["language"], changed["time_zone"]) == (None, "es", "Europe/Madrid")
    again = await program.post("/contacts", {"address": "mailto:maria@example.com"})
    assert (again.status_code, again.json()["code"]) == (409, "already_taken")


async def test_a_list_comes_in_pages_that_together_are_whole(program: Program, centre: Centre) -> None:
    ids = [(await centre.write(who=f"v{number}")).conversation_id for number in range(7)]
    seen, cursor = [], None
    for _ in range(9):
        asked = {"limit": 3} | ({"before": cursor} if cursor else {})
        page = (await program.get("/conversations", **asked)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(ids, reverse=True)


async def test_conversations_are_narrowed_by_state_queue_and_agent(program: Program, centre: Centre) -> None:
    waiting = await centre.waiting("v1", "billing")
    mine = await centre.assigned("elena", "v2")
    for asked, expected in (({"state": "queued"}, waiting), ({"queue": "billing"}, waiting),
                            ({"agent_id": centre.staff["elena"]}, mine), ({"state": "assigned"}, mine)):  # fmt: skip
        found = (await program.get("/conversations", **asked)).json()["items"]
        assert [one["id"] for one in found] == [expected]


async def test_a_reply_goes_through_the_outbox_and_is_nobody_s_figure(program: Program, centre: Centre) -> None:
    conversation_id = await centre.assigned("elena", inbox="mail")
    said = await program.post(f"/conversations/{conversation_id}/messages", {"text": "Your parcel has left."})
    assert said.status_code == 201
    (message,) = (await program.get(said.json()["url"].removeprefix("/api/v1"))).json()["items"]
    assert (message["author"], message["agent_id"], message["delivery"]) == ("system", None, "pending")
    sends = [job for job in await centre.rows(models.Job) if job.kind == "send"]
    assert [job.payload["message_id"] for job in sends] == [message["id"]]
    kinds = [kind for kind, _ in await centre.events(conversation_id)]
    assert (kinds.count("program_replied"), kinds.count("agent_replied")) == (1, 0)


async def test_a_conversation_is_passed_on_snoozed_and_closed(program: Program, centre: Centre, now: object) -> None:
    with_bot = (await centre.write()).conversation_id
    path = f"/conversations/{with_bot}"
    passed = await program.post(f"{path}/transfer", {"queue": "billing"})
    assert passed.json() == {"id": with_bot, "state": "queued", "queue": "billing", "agent_id": None}
    away = await program.post(f"{path}/transfer", {"agent_id": centre.staff["elena"]})
    assert (away.status_code, away.json()["code"]) == (409, "agent_away")
    elena = await centre.set_state("elena", AgentState.AVAILABLE)
    offered = await program.post(f"{path}/transfer", {"agent_id": elena})
    assert (offered.json()["state"], offered.json()["agent_id"]) == ("offered", elena)
    mine = await centre.assigned("elena", "v2")
    until = (centre.now + timedelta(hours=2)).isoformat()
    assert (await program.post(f"/conversations/{mine}/snooze", {"until": until})).json()["state"] == "snoozed"
    wrong = await program.post(f"/conversations/{mine}/close", {"disposition": "made_up"})
    assert (wrong.status_code, "resolved" in wrong.json()["detail"]) == (422, True)
    assert (await program.post(f"/conversations/{mine}/close", {"disposition": "resolved"})).json()["state"] == "closed"
    late = await program.post(f"/conversations/{mine}/messages", {"text": "Hello?"})
    assert (late.status_code, "closed" in late.json()["detail"]) == (409, True)


async def test_orders_are_told_only_of_who_has_proven_to_be_the_customer(program: Program, centre: Centre) -> None:
    proven = Inbound("p-1", visitor("proven"), "Hello", identity=Identity(customer_ref="C-1001"))
    known = (await centre.conversation((await centre.deliver(proven)).conversation_id)).contact_id
    stranger = (await centre.conversation((await centre.write(who="v2")).conversation_id)).contact_id
    listed = (await program.get(f"/contacts/{known}/orders")).json()["items"]
    assert [order["number"] for order in listed] == ["100234", "100120"]
    one = await program.get(f"/contacts/{known}/orders/100234")
    assert (one.json()["state"], one.json()["lines"][0]["remaining"]) == ("partially_shipped", "2")
    assert (await program.get(f"/contacts/{stranger}/orders")).status_code == 404
    assert (await program.get(f"/contacts/{stranger}/orders/100234")).status_code == 404


async def test_another_customer_s_order_is_not_told_even_if_the_erp_gives_it(program: Program, centre: Centre) -> None:
    other = Inbound("p-2", visitor("other"), "Hello", identity=Identity(customer_ref="C-2002"))
    contact_id = (await centre.conversation((await centre.deliver(other)).conversation_id)).contact_id
    assert (await program.get(f"/contacts/{contact_id}/orders/100234")).status_code == 404


async def test_an_erp_that_is_down_is_told_as_that(program: Program, parts: ApiParts, centre: Centre) -> None:
    proven = Inbound("p-1", visitor("proven"), "Hello", identity=Identity(customer_ref="C-1001"))
    contact_id = (await centre.conversation((await centre.deliver(proven)).conversation_id)).contact_id
    parts.erp.is_down = True
    answer = await program.get(f"/contacts/{contact_id}/orders")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (504, "erp_timeout", "2")


async def test_queues_agents_and_figures(program: Program, centre: Centre, parts: ApiParts) -> None:
    await centre.waiting("v1", "billing")
    queues = {one["key"]: one for one in (await program.get("/queues")).json()["items"]}
    assert (queues["billing"]["waiting"], queues["service"]["waiting"]) == (1, 0)
    agents = {one["name"]: one for one in (await program.get("/agents")).json()["items"]}
    assert (agents["Elena Moreno"]["state"], agents["Elena Moreno"]["capacity"]) == ("offline", 5)
    since, until = centre.now - timedelta(days=1), centre.now + timedelta(hours=1)
    parts.clock.pass_by(minutes=5)
    report = (await program.get("/reports", since=since.isoformat(), until=until.isoformat())).json()
    figures = {one["key"]: one for one in report["figures"]}
    assert (figures["offered"]["value"], figures["offered"]["pending"], set(report["groups"])) == (1, 1, {"billing"})


async def test_exports_are_whole_and_stand_in_the_audit_trail(program: Program, centre: Centre) -> None:
    conversation_id = (await centre.write("First")).conversation_id
    for number in range(120):
        await centre.bot_says(conversation_id, f"Line {number}")
    exported = (await program.get(f"/exports/conversations/{conversation_id}")).json()
    assert len(exported["messages"]) == 121
    contact_id = exported["conversation"]["contact_id"]
    everything = (await program.get(f"/exports/contacts/{contact_id}")).json()
    assert len(everything["messages"]) == 121
    noted = [(row.action, row.actor, row.object) for row in await centre.rows(AuditEntry)][1:]
    actor = f"key:{program.key_id}"
    assert noted == [
        ("transcript_exported", actor, f"conversation:{conversation_id}"),
        ("contact_exported", actor, f"contact:{contact_id}"),
    ]


async def test_notes_and_whispers_have_scopes_of_their_own(
    program: Program, make_program: MakeProgram, centre: Centre
) -> None:
    conversation_id = await centre.assigned("elena")
    await program.post(f"/conversations/{conversation_id}/messages", {"kind": "note", "text": "NOTE-CANARY"})
    async with centre.work() as session:
        await whisper(session, centre.now, centre.reach("grace"), conversation_id, "WHISPER-CANARY")
    plain = await make_program(["conversations:read", "exports:read", "events:read"])
    contact_id = (await centre.conversation(conversation_id)).contact_id
    places = (
        f"/conversations/{conversation_id}/messages", f"/exports/conversations/{conversation_id}",
        f"/exports/contacts/{contact_id}", "/events",
    )  # fmt: skip
    for path in places:
        text = (await plain.get(path)).text
        assert "CANARY" not in text
        assert path != "/events" or ("whispered" not in text and "note_added" not in text)
    for path in places[:3]:
        text = (await program.get(path)).text
        assert "NOTE-CANARY" in text
        assert "WHISPER-CANARY" in text


async def test_events_carry_no_words_of_people(program: Program, centre: Centre) -> None:
    received = await centre.write("TEXT-CANARY")
    odd = {"message_id": 1, "text": "TEXT-CANARY", "reason": "two words CANARY"}
    async with unit_of_work(centre.sessions) as session:
        row = update(models.Event).where(models.Event.conversation_id == received.conversation_id)
        await session.execute(row.values(data=odd))
    answer = await program.get("/events")
    assert "CANARY" not in answer.text
    assert {"message_id": 1} in [event["detail"] for event in answer.json()["items"]]


async def test_a_card_number_in_a_reply_is_never_stored(program: Program, centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    body = {"text": "Card 4111 1111 1111 1111"}
    assert (await program.post(f"/conversations/{conversation_id}/messages", body)).status_code == 201
    async with centre.sessions() as session:
        stored = (await session.scalars(select(models.Message.text))).all()
    assert "4111 1111" not in json.dumps(stored)
