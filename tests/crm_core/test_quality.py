"""A supervisor reviews a conversation; whoever worked on it reads what was said of them, and nobody else."""

import pytest

from config.scorecards import Scorecard
from crm_core.errors import Conflict, Forbidden, InvalidInput, NotFound
from crm_core.events import SYSTEM
from crm_core.privacy import collect_contact, erase_contact
from crm_core.quality import Review, Verdict, review_conversation, reviews_for, reviews_of, score_of
from tests.support.factories import Centre

CARD = Scorecard.model_validate({
    "key": "standard", "name": {"en": "Standard"},
    "questions": [
        {"key": "solved", "text": {"en": "Solved"}, "weight": 3},
        {"key": "tone", "text": {"en": "Tone"}},
        {"key": "safe", "text": {"en": "Safe"}, "kind": "yes_no"},
    ],
})  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        ({"solved": 5, "tone": 5, "safe": 1}, 100), ({"solved": 1, "tone": 1, "safe": 0}, 0), ({"solved": 3}, 50),
        ({"solved": 5, "tone": 1}, 75), ({"tone": 5, "safe": 0}, 50), ({}, None), ({"other": 3}, None),
    ],
)  # fmt: skip
def test_a_score_weighs_what_was_answered(answers: dict[str, int], score: int | None) -> None:
    assert score_of(CARD, answers) == score


@pytest.mark.parametrize("answers", [{"solved": 0}, {"solved": 6}, {"safe": 2}, {"tone": -1}])
def test_an_answer_that_is_none_is_refused(answers: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        score_of(CARD, answers)


async def review(centre: Centre, conversation_id: int, verdict: Verdict, by: str = "grace") -> None:
    async with centre.work() as session:
        await review_conversation(session, centre.now, centre.reach(by), conversation_id, verdict)  # type: ignore[arg-type]


async def read(centre: Centre, who: str) -> list[Review]:
    async with centre.work() as session:
        return await reviews_for(session, centre.reach(who))


async def test_the_agent_reads_score_and_comment_and_colleagues_do_not(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    said = "Well done. Card 4111 1111 1111 1111"
    await review(centre, conversation_id, Verdict(CARD, {"solved": 5, "tone": 4, "made_up": 9}, said))
    (seen,) = await read(centre, "elena")
    assert (seen.score, seen.agent_name, seen.reviewer_name) == (94, "Elena Moreno", "Grace Hill")
    assert seen.answers == {"solved": 5, "tone": 4}
    assert "4111" not in (seen.comment or "")
    assert (await read(centre, "pavel"), await read(centre, "lev")) == ([], [])
    assert await read(centre, "ada") == [seen]
    told = {"agent_id": centre.staff["elena"], "score": 94, "scorecard": "standard"}
    assert ("scored", told) in await centre.events(conversation_id)


async def test_a_comment_alone_has_no_score(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    await review(centre, conversation_id, Verdict(None, {}, " Call back sooner. "))
    async with centre.work() as session:
        (seen,) = await reviews_of(session, centre.reach("grace"), conversation_id)
    assert (seen.score, seen.scorecard, seen.comment) == (None, None, "Call back sooner.")


@pytest.mark.parametrize("verdict", [Verdict(CARD), Verdict(CARD, {}, " "), Verdict(None, {}, "x" * 4001)])
async def test_a_review_of_nothing_is_refused(centre: Centre, verdict: Verdict) -> None:
    with pytest.raises(InvalidInput):
        await review(centre, await centre.assigned("elena"), verdict)


async def test_only_supervisors_review_and_only_what_people_did(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    for who in ("elena", "pavel", "lev"):
        with pytest.raises(Forbidden):
            await review(centre, conversation_id, Verdict(None, {}, "Good"), who)
    with pytest.raises(NotFound):
        await review(centre, 999_999, Verdict(None, {}, "Good"))
    with pytest.raises(Conflict):
        await review(centre, await centre.waiting("tom"), Verdict(None, {}, "Good"))


async def test_an_erased_customer_leaves_the_score_and_no_comment(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    await review(centre, conversation_id, Verdict(CARD, {"solved": 5}, "María was glad"))
    await centre.close(conversation_id)
    contact_id = (await centre.conversation(conversation_id)).contact_id
    async with centre.work() as session:
        exported = await collect_contact(session, centre.now, SYSTEM, contact_id)  # type: ignore[arg-type]
        assert "María was glad" in str(exported["reviews"])
        await erase_contact(session, centre.now, SYSTEM, contact_id)  # type: ignore[arg-type]
    (seen,) = await read(centre, "elena")
    assert (seen.score, seen.comment) == (100, None)
