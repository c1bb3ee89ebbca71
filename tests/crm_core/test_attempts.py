"""Tries that are counted: by kind, by subject, since a time."""

from datetime import timedelta

from crm_core.attempts import attempt_subject, count_attempts, note_attempt
from tests.support.factories import Centre


async def test_only_tries_of_this_kind_and_subject_within_the_time_count(centre: Centre) -> None:
    ours, theirs = attempt_subject(b"key", "100234"), attempt_subject(b"key", "100235")
    async with centre.work() as session:
        for minutes in (1, 20, 70):
            await note_attempt(session, centre.now - timedelta(minutes=minutes), "proof", ours)
        await note_attempt(session, centre.now, "proof", theirs)
        await note_attempt(session, centre.now, "login", ours)
    async with centre.work() as session:
        assert await count_attempts(session, "proof", ours, centre.now - timedelta(hours=1)) == 2
        assert await count_attempts(session, "proof", theirs, centre.now - timedelta(hours=1)) == 1
        assert await count_attempts(session, "proof", ours, centre.now) == 0


def test_a_subject_is_a_keyed_hash_of_its_parts() -> None:
    subject = attempt_subject(b"key", "order", "100234")
    assert len(subject) == 32
    assert subject == attempt_subject(b"key", "order", "100234")
    others = {
        attempt_subject(b"other key", "order", "100234"), attempt_subject(b"key", "order100234"),
        attempt_subject(b"key", "order1", "00234"), attempt_subject(b"key", "100234", "order"),
    }  # fmt: skip
    assert len(others | {subject}) == 5
