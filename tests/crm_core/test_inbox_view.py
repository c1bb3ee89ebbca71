"""The lists of the desk: what is in which tab, in which order, against which promise."""

from datetime import timedelta

import pytest

from crm_core.agent_work import add_note, reply
from crm_core.inbox_view import InboxRow, InboxTab, inbox_counts, inbox_rows
from tests.support.factories import Centre, routing_files


async def rows_of(centre: Centre, who: str, tab: InboxTab, limit: int = 100) -> list[InboxRow]:
    async with centre.sessions() as session:
        return await inbox_rows(session, centre.reach(who), tab, limit)


@pytest.fixture
async def floor(centre: Centre) -> dict[str, int]:
    """One conversation of each sort, a minute apart, by the name of who wrote."""
    start, ids = centre.now, {}
    await centre.follow(routing_files())
    for minute, who in enumerate(("mine", "offered", "colleague", "queued", "billing", "bot", "closed")):
        centre.now = start + timedelta(minutes=minute)
        match who:
            case "mine" | "closed":
                ids[who] = int(await centre.assigned("elena", who))
            case "offered":
                ids[who] = int(await centre.offered("elena", who))
            case "colleague":
                ids[who] = int(await centre.assigned("pavel", who))
            case "queued" | "billing":
                ids[who] = int(await centre.waiting(who, "billing" if who == "billing" else "service"))
            case _:
                ids[who] = int((await centre.write(who=who)).conversation_id)
    await centre.close(ids["closed"])  # type: ignore[arg-type]
    centre.now = start
    return ids


@pytest.mark.parametrize(
    ("who", "tab", "expected"),
    [
        ("elena", InboxTab.MINE, ["mine", "offered"]),
        ("elena", InboxTab.QUEUE, ["offered", "queued"]),
        ("elena", InboxTab.ALL, ["mine", "offered", "colleague", "queued"]),
        ("elena", InboxTab.CLOSED, ["closed"]),
        ("olga", InboxTab.MINE, []),
        ("olga", InboxTab.QUEUE, ["billing"]),
        ("olga", InboxTab.ALL, ["billing"]),
        ("olga", InboxTab.CLOSED, []),
        ("grace", InboxTab.MINE, []),
        ("grace", InboxTab.QUEUE, ["offered", "queued", "billing"]),
        ("grace", InboxTab.ALL, ["mine", "offered", "colleague", "queued", "billing", "bot"]),
        ("grace", InboxTab.CLOSED, ["closed"]),
    ],
)
async def test_a_tab_holds_what_it_says_and_its_reader_may_see(
    centre: Centre, floor: dict[str, int], who: str, tab: InboxTab, expected: list[str]
) -> None:
    assert [row.conversation_id for row in await rows_of(centre, who, tab)] == [floor[name] for name in expected]


async def test_the_counts_are_those_of_the_lists(centre: Centre, floor: dict[str, int]) -> None:
    for who in ("elena", "pavel", "olga", "lev", "grace", "ada"):
        async with centre.sessions() as session:
            counts = await inbox_counts(session, centre.reach(who))
        assert counts == {tab: len(await rows_of(centre, who, tab)) for tab in InboxTab if tab is not InboxTab.CLOSED}


async def test_a_row_says_what_is_promised_until_when(centre: Centre, floor: dict[str, int]) -> None:
    queued, billing = (await rows_of(centre, "grace", InboxTab.QUEUE))[1:]
    assert queued.waiting_since == centre.now + timedelta(minutes=3)
    assert queued.due_at == centre.now + timedelta(minutes=3, seconds=120)
    assert billing.due_at == centre.now + timedelta(minutes=4, seconds=300)
    assert (queued.address_uri, queued.contact_name, queued.channel) == ("web:queued", None, "web")
    assert (queued.order_number, queued.queue_key, queued.agent_name) == ("100234", "service", None)


async def test_once_a_person_replied_the_promise_is_kept(centre: Centre, floor: dict[str, int]) -> None:
    async with centre.work() as session:
        await reply(session, centre.now, centre.reach("elena"), floor["mine"], "Hello")  # type: ignore[arg-type]
    (mine, _) = await rows_of(centre, "elena", InboxTab.MINE)
    assert (mine.due_at, mine.agent_name) == (None, "Elena Moreno")


async def test_the_last_public_line_is_shown_and_no_note(centre: Centre, floor: dict[str, int]) -> None:
    async with centre.work() as session:
        await reply(session, centre.now, centre.reach("elena"), floor["mine"], "Coming!")  # type: ignore[arg-type]
        await add_note(session, centre.now, centre.reach("elena"), floor["mine"], "difficult")  # type: ignore[arg-type]
    (mine, _) = await rows_of(centre, "elena", InboxTab.MINE)
    assert (mine.last_line, mine.last_author) == ("Coming!", "agent")


async def test_a_queue_that_the_file_does_not_have_promises_nothing(centre: Centre) -> None:
    await centre.follow(routing_files())
    await centre.waiting(queue="abolished")
    (row,) = await rows_of(centre, "grace", InboxTab.QUEUE)
    assert row.due_at is None


async def test_the_closed_come_newest_first_and_a_list_has_an_end(centre: Centre) -> None:
    ids = []
    for who in ("one", "two", "three"):
        ids.append(int(await centre.assigned("elena", who)))
        await centre.close(ids[-1])  # type: ignore[arg-type]
    rows = await rows_of(centre, "elena", InboxTab.CLOSED, limit=2)
    assert [row.conversation_id for row in rows] == [ids[2], ids[1]]
