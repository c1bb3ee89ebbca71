"""Runs of a lesson below the desk: who may see them, two answers at once, times, and how people are made fictive."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from bot.practice import recogniser
from config.business import Business
from config.practice import Lesson
from config.settings import ROOT
from crm_core import models
from crm_core.access import Reach, Viewer, sees_practice
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import IllegalTransition, NotFound
from crm_core.practice import (
    Answered,
    Ending,
    Opening,
    Run,
    Trainee,
    accept_run,
    answer,
    read_run,
    resolve_run,
    start_run,
)
from crm_core.practice_anonymous import Anonymiser
from crm_core.practice_judging import Timed
from crm_core.states import Role
from nlu.shapes import read_shapes

RECOGNISE = recogniser(read_shapes(ROOT / "config" / "nlu" / "entities.yml"))
DAY = date(2026, 11, 23)


def viewer(user_id: int, role: Role = Role.AGENT, *teams: str) -> Viewer:
    return Viewer(user_id, role, frozenset(teams), "Somebody")


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (viewer(1), True),
        (viewer(2, Role.AGENT, "service"), False),
        (viewer(2, Role.LEAD, "service"), True),
        (viewer(2, Role.LEAD, "billing"), False),
        (viewer(2, Role.LEAD), False),
        (viewer(2, Role.SUPERVISOR), True),
        (viewer(2, Role.ADMIN), True),
    ],
)
def test_who_sees_what_somebody_did_in_practice(who: Viewer, *, sees: bool) -> None:
    assert sees_practice(who, 1, ["service"]) is sees


@pytest.fixture
def lesson(business: Business) -> Lesson:
    return next(lesson for lesson in business.practice if lesson.key == "late_parcel")


@pytest.fixture
async def reach(sessions: Sessions, now: datetime) -> Reach:
    row = insert(models.User).values(email="new@oslo.example", name="New", role=Role.AGENT, created_at=now)
    async with unit_of_work(sessions) as session:
        user_id = await session.scalar(row.returning(models.User.id))
    return Reach(viewer(user_id or 0))


@pytest.fixture
async def run_id(sessions: Sessions, now: datetime, reach: Reach, lesson: Lesson) -> int:
    """Accepted after nine seconds."""
    async with unit_of_work(sessions) as session:
        number = await start_run(session, now, reach, Opening("late_parcel", lesson, "en", DAY))
        await accept_run(session, now + timedelta(seconds=9), reach, number)
    return number


async def read(sessions: Sessions, at: datetime, reach: Reach, run_id: int) -> Run:
    async with unit_of_work(sessions) as session:
        return await read_run(session, at, reach, run_id)


async def test_two_answers_at_once_are_two_after_each_other(
    sessions: Sessions, now: datetime, reach: Reach, run_id: int
) -> None:
    async def say(words: str) -> None:
        async with unit_of_work(sessions) as session:
            await answer(session, Trainee(now + timedelta(seconds=20), reach, RECOGNISE), run_id, Answered(words))

    await asyncio.gather(*(say("I am sorry, SEUR brings it on 25 November.") for _ in range(5)))
    async with unit_of_work(sessions) as session:
        steps = list(await session.scalars(text("select step from practice_run")))
        asked = await session.scalar(
            text("select count(*) from practice_entry where step = 'promise' and author = 'contact'")
        )
    assert (steps, asked) == ([None], 1)


async def test_times_are_measured_from_what_the_customer_saw(
    sessions: Sessions, now: datetime, reach: Reach, run_id: int
) -> None:
    async def at(seconds: int, words: str) -> None:
        async with unit_of_work(sessions) as session:
            trainee = Trainee(now + timedelta(seconds=seconds), reach, RECOGNISE)
            await answer(session, trainee, run_id, Answered(words))

    await at(50, "SEUR brings it on 25 November.")
    await at(200, "I cannot promise it.")
    end = now + timedelta(seconds=230)
    async with unit_of_work(sessions) as session:
        await resolve_run(session, Trainee(end, reach, RECOGNISE), run_id, Ending("resolved"))
    verdict = (await read(sessions, end, reach, run_id)).verdict
    assert verdict is not None
    assert verdict.times == (
        Timed("accept", 9, 30), Timed("first_reply", 41, 120, "where"), Timed("reply", 145, 120, "promise"),
        Timed("total", 221, 600),
    )  # fmt: skip
    assert verdict.is_right_ending is True


async def test_a_finished_run_stays_as_it_was_judged(
    sessions: Sessions, now: datetime, reach: Reach, run_id: int, lesson: Lesson
) -> None:
    trainee = Trainee(now + timedelta(seconds=30), reach, RECOGNISE)
    async with unit_of_work(sessions) as session:
        await resolve_run(session, trainee, run_id, Ending("resolved", Answered("Sorry, SEUR has it.")))
    async with unit_of_work(sessions) as session:
        with pytest.raises(IllegalTransition):
            await answer(session, trainee, run_id, Answered("More"))
        with pytest.raises(IllegalTransition):
            await resolve_run(session, trainee, run_id, Ending("spam"))
    run = await read(sessions, now + timedelta(days=1), reach, run_id)
    assert (run.disposition, run.lesson) == ("resolved", lesson)


async def test_another_s_run_is_not_there(sessions: Sessions, now: datetime, run_id: int) -> None:
    with pytest.raises(NotFound):
        await read(sessions, now, Reach(viewer(10_000, Role.LEAD, "service")), run_id)


PEOPLE = ("María López", "Антон Соколов", "John Smith", "Elena Moreno")


@pytest.mark.parametrize(
    ("language", "said", "hidden", "kept"),
    [
        ("en", "John here, js@example.com, +34 612 345 678.", ["John", "js@", "612"], []),
        ("en", "Card •••• •••• •••• 4242, IBAN ES91 2100 0418 4502 0005 1332", ["4242", "2100", "1332"], ["Card"]),
        ("en", "14 Baker Street, London; see https://a.example/u/77", ["Baker", "a.example"], []),
        ("en", "89.00 EUR on 26 November, order 100234", ["100234"], ["89.00 EUR", "26 November"]),
        (
            "ru",
            "Передайте Антону или Соколовой, ул. Ленина, д. 5, кв. 12",
            ["Антон", "Соколов", "Ленина"],
            ["Передайте"],
        ),
        ("ru", "Телефон 8 916 123-45-67, вернуть 1500 руб до 26 ноября", ["916"], ["1500 руб", "26 ноября"]),
        ("es", "Soy María, DNI 12345678Z, Calle Mayor 12, Madrid", ["María", "12345678", "Mayor"], ["DNI"]),
        ("es", "MARIA LÓPEZ escribe; llega mañana, 89 €", ["MARIA", "LÓPEZ"], ["mañana", "89 €"]),
    ],
)
def test_nobody_is_named_any_more(language: str, said: str, hidden: list[str], kept: list[str]) -> None:
    cleaned = Anonymiser(language, PEOPLE).cleaned(said, RECOGNISE(said, language, DAY))
    assert [word for word in hidden if word in cleaned] == []
    assert [word for word in kept if word not in cleaned] == []


def test_an_order_keeps_its_new_number_through_the_conversation() -> None:
    anonymiser = Anonymiser("en")
    first, second, other = (
        anonymiser.cleaned(said, RECOGNISE(said, "en", DAY))
        for said in ("Order 100234?", "Yes, order 100234.", "No, order 100999.")
    )
    number = first.removeprefix("Order ").rstrip("?")
    assert number in second
    assert number not in other
