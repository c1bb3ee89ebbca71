"""A supervisor finds a sentence again, in three languages, and only what is theirs to see."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from crm_core import models
from crm_core.access import Viewer
from crm_core.contracts import Inbound
from crm_core.errors import InvalidInput
from crm_core.events import SYSTEM
from crm_core.privacy import collect_contact, erase_contact
from crm_core.saved_searches import MOST_SAVED, forget_search, save_search, saved_searches
from crm_core.search import PAGE, NothingToLookFor, TranscriptQuery, pieces, search_transcripts
from crm_core.states import ConversationState
from crm_core.supervision import whisper
from tests.support.factories import Centre, visitor

SAID = (
    ("en", "The parcels were damaged when the courier delivered them"),
    ("ru", "Ещё вчера обещали привезти заказы, а привезли пустые коробки"),
    ("es", "El camión todavía no llegó y quiero presentar una reclamación"),
)


async def say(centre: Centre, language: str | None, text: str, who: str = "maria") -> int:
    inbound = Inbound(f"{who}-{hash(text)}", visitor(who), text, language=language)
    return (await centre.deliver(inbound)).message_id


async def find(centre: Centre, words: str = "", who: str = "grace", **filters: object) -> list[int]:
    query = replace(TranscriptQuery(words), **filters)  # type: ignore[arg-type]
    async with centre.work() as session:
        return [hit.message_id for hit in (await search_transcripts(session, centre.reach(who), query)).hits]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "parcel damage"), ("en", '"damaged when the courier"'), ("en", "PARCELS -missing"),
        ("ru", "заказ обещать"), ("ru", "еще привезла"), ("ru", '"пустые коробки"'), ("ru", "Коробка"),
        ("es", "camion"), ("es", "reclamaciones"), ("es", "reclamacion"),
        ("es", '"no llego"'), ("es", "camión OR barco"),
    ],
)  # fmt: skip
async def test_a_sentence_is_found_by_other_forms_of_its_words(centre: Centre, language: str, words: str) -> None:
    said = {code: await say(centre, code, text) for code, text in SAID}
    assert await find(centre, words) == [said[language]]
    assert await find(centre, words, language=language) == [said[language]]


async def test_a_message_whose_language_is_unknown_is_found_in_each(centre: Centre) -> None:
    said = [await say(centre, None, text) for _, text in SAID]
    assert [await find(centre, words) for words in ("parcel", "заказ", "reclamaciones")] == [[one] for one in said]


@pytest.mark.parametrize("words", ['"courier damaged"', "parcel -damaged", "parcel lorry"])
async def test_what_was_not_said_so_is_not_found(centre: Centre, words: str) -> None:
    await say(centre, *SAID[0])
    assert await find(centre, words) == []


@pytest.mark.parametrize("words", ["-parcel", '""', "!!! ???", "((((", ":A", "\x00"])
async def test_a_search_for_nothing_says_so(centre: Centre, words: str) -> None:
    with pytest.raises(NothingToLookFor):
        await find(centre, words)


@pytest.mark.parametrize("words", ["'); drop table message; --", "a:* & b", "%s {0} \\", "x" * 10_000])
async def test_odd_words_are_only_words(centre: Centre, words: str) -> None:
    await say(centre, *SAID[0])
    assert await find(centre, words) == []


async def test_hits_are_marked_in_text_as_it_was_written(centre: Centre) -> None:
    await say(centre, "en", "Two <b>Parcels</b> & <script>alert(1)</script> parcel")
    async with centre.work() as session:
        found = await search_transcripts(session, centre.reach("grace"), TranscriptQuery("parcel"))
    parts = pieces(found.hits[0].excerpt)
    assert [text for text, is_hit in parts if is_hit] == ["Parcels", "parcel"]
    assert "".join(text for text, _ in parts) == "Two <b>Parcels</b> & <script>alert(1)</script> parcel"


async def test_each_sees_only_their_own(centre: Centre) -> None:
    """The broken variant: without `visible_conversations` everybody finds both."""
    of_bot = await say(centre, *SAID[0])
    assert await find(centre, "parcel", "elena") == []
    conversation_id = await centre.assigned("elena", who="tom")
    await say(centre, "en", "One parcel more", "tom")
    assert len(await find(centre, "parcel", "elena")) == 1
    assert len(await find(centre, "parcel", "pavel")) == 1
    assert await find(centre, "parcel", "olga") == []
    assert of_bot in await find(centre, "parcel", "ada")
    await centre.close(conversation_id)
    assert await find(centre, "parcel", "olga") == []


async def test_filters_narrow(centre: Centre) -> None:
    tom = await centre.assigned("elena", who="tom")
    said = await say(centre, "en", "A parcel", "tom")
    await say(centre, "en", "Another parcel", "maria")
    await centre.understood(said, "delivery_delay")
    async with centre.work() as session:
        survey = {"conversation_id": tom, "kind": "csat", "sent_at": centre.now, "score": 2}
        await session.execute(insert(models.Survey).values(**survey))
    soon = centre.now + timedelta(minutes=1)
    for filters in (
        {"queue": "service"}, {"agent_id": centre.staff["elena"]}, {"intent": "delivery_delay"},
        {"state": ConversationState.ASSIGNED}, {"rated_at_most": 2}, {"confidence_below": 0.95},
    ):  # fmt: skip
        assert await find(centre, "parcel", **filters) == [said], filters
        assert await find(centre, "", **filters) == [said], filters
    for same in ({"channel": "web"}, {"language": "en"}, {"since": centre.now}, {"until": soon}):
        assert len(await find(centre, "parcel", **same)) == 2
    for nothing in (
        {"channel": "mail"}, {"language": "es"}, {"since": soon}, {"until": centre.now}, {"rated_at_most": 1},
        {"confidence_below": 0.9}, {"queue": "billing"}, {"state": ConversationState.CLOSED}, {"agent_id": 0},
    ):  # fmt: skip
        assert await find(centre, "parcel", **nothing) == []


async def test_pages_follow_each_other_without_gap_or_repeat(centre: Centre) -> None:
    said = [await say(centre, "en", f"parcel {number}") for number in range(PAGE + 3)]
    async with centre.work() as session:
        reach, query = centre.reach("grace"), TranscriptQuery("parcel")
        first = await search_transcripts(session, reach, query)
        second = await search_transcripts(session, reach, query, first.before)
    assert [hit.message_id for hit in (*first.hits, *second.hits)] == said[::-1]
    assert (len(first.hits), second.before) == (PAGE, None)


async def test_the_erased_are_not_found(centre: Centre) -> None:
    received = await centre.write("A parcel called Sesame")
    async with centre.work() as session:
        exported = await collect_contact(session, centre.now, SYSTEM, received.contact_id)
        assert "search" not in exported["messages"][0]  # type: ignore[index, operator]
        await erase_contact(session, centre.now, SYSTEM, received.contact_id)
    assert await find(centre, "sesame") == []
    assert await find(centre, "erased") == []
    assert await find(centre, state=ConversationState.CLOSED) == []


async def test_a_text_that_was_mended_is_found_by_its_new_words(centre: Centre) -> None:
    said = await say(centre, *SAID[0])
    async with centre.work() as session:
        await session.execute(update(models.Message).where(models.Message.id == said).values(text="A lorry"))
    assert (await find(centre, "parcel"), await find(centre, "lorries")) == ([], [said])


async def test_saved_searches_are_one_s_own(centre: Centre) -> None:
    grace, ada = centre.reach("grace").viewer, centre.reach("ada").viewer
    async with centre.work() as session:
        await save_search(session, centre.now, grace, " Late ", "q=late")
        await save_search(session, centre.now, grace, "Late", "q=later")
        (kept,) = await saved_searches(session, grace)
        assert (kept.name, kept.query) == ("Late", "q=later")
        assert await saved_searches(session, ada) == []
        await forget_search(session, ada, kept.id)
        assert await saved_searches(session, grace) == [kept]
        await forget_search(session, grace, kept.id)
        assert await saved_searches(session, grace) == []


async def test_saved_searches_have_their_limits(centre: Centre) -> None:
    grace: Viewer = centre.reach("grace").viewer
    async with centre.work() as session:
        for name in ("", " ", "x" * 61, "\x00"):
            with pytest.raises(InvalidInput):
                await save_search(session, centre.now, grace, name, "q=1")
        for number in range(MOST_SAVED):
            await save_search(session, centre.now, grace, f"{number}", "q=1")
        with pytest.raises(InvalidInput):
            await save_search(session, centre.now, grace, "one more", "q=1")


async def test_a_whisper_is_found_by_whom_it_is_for_and_by_nobody_else_of_the_team(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        said = await whisper(session, centre.now, centre.reach("grace"), conversation_id, "Offer her the lighthouse")
    found = {who: await find(centre, "lighthouse", who) for who in ("elena", "grace", "pavel", "lev")}
    assert found == {"elena": [said], "grace": [said], "pavel": [], "lev": []}
