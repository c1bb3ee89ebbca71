"""The shipped lessons hold together, their own good answers pass, and a wrong file stops the start with its line."""

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.practice import recogniser
from config.business import read_business
from config.documents import DocumentError
from config.phrases import Phrase, sentences_of, words_of
from config.practice import Lesson, read_lessons
from config.settings import ROOT
from crm_core.practice import told_on
from crm_core.practice_judging import Said, Story, Times, checks_of, reaction_to, verdict_of
from crm_core.states import Author, Visibility
from nlu.shapes import read_shapes

FOLDER = ROOT / "config" / "practice"
DISPOSITIONS = frozenset(read_business(ROOT / "config").company.dispositions)
LESSONS = read_lessons(FOLDER)
RECOGNISE = recogniser(read_shapes(ROOT / "config" / "nlu" / "entities.yml"))
DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 14, 2).astimezone()
EVERY = [(lesson, language) for lesson in LESSONS for language in lesson.languages]
NAMES = [f"{lesson.key}-{language}" for lesson, language in EVERY]


def model_answers(lesson: Lesson, language: str) -> list[Said]:
    """Each a minute after what the customer said."""
    said = []
    for number, step in enumerate(lesson.steps):
        to = Visibility.INTERNAL if step.answer == "note" else Visibility.PUBLIC
        asked = AT + timedelta(minutes=number)
        texts = (told_on(step.says[language], DAY, language), told_on(step.model[language], DAY, language))  # type: ignore[index]
        said.append(Said(asked, Author.CONTACT, Visibility.PUBLIC, step.key, texts[0]))
        said.append(Said(asked + timedelta(seconds=40), Author.AGENT, to, step.key, texts[1]))
    return said


def test_there_are_lessons_in_every_language_of_the_company() -> None:
    assert len(LESSONS) >= 6
    assert all(set(lesson.languages) == {"en", "ru", "es"} for lesson in LESSONS)
    assert all(DISPOSITIONS.issuperset(lesson.dispositions) for lesson in LESSONS)


@pytest.mark.parametrize(("lesson", "language"), EVERY, ids=NAMES)
def test_a_good_answer_passes_its_own_lesson(lesson: Lesson, language: str) -> None:
    story, said = Story(lesson, language, DAY, RECOGNISE), model_answers(lesson, language)
    checks = [check for step in lesson.steps for check in checks_of(story, step, said)]
    wrong = [f"{check.step}.{check.key}: {check.sentence}" for check in checks if not check.is_met]
    assert [each for each in wrong if ".macro" not in each] == []


@pytest.mark.parametrize(("lesson", "language"), EVERY, ids=NAMES)
def test_a_good_answer_brings_the_story_to_its_end(lesson: Lesson, language: str) -> None:
    story, said = Story(lesson, language, DAY, RECOGNISE), model_answers(lesson, language)
    steps = []
    step: str | None = lesson.steps[0].key
    while step is not None:
        steps.append(step)
        now = lesson.step(step)
        assert now is not None
        step = reaction_to(lesson, now, checks_of(story, now, said), []).step
    assert steps == [each.key for each in lesson.steps]


@pytest.mark.parametrize(("lesson", "language"), EVERY, ids=NAMES)
def test_a_careless_answer_scores_little(lesson: Lesson, language: str) -> None:
    story = Story(lesson, language, DAY, RECOGNISE)
    late_at = timedelta(minutes=30)
    said = [
        replace(one, at=one.at + late_at, text="ok") if one.author == Author.AGENT else one
        for one in model_answers(lesson, language)
    ]
    late = Times(AT, AT + timedelta(minutes=20), AT + timedelta(hours=2))
    assert (verdict_of(story, said, late, "spam").score or 0) < 60


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("item: tone", "item: tune", "there is no item “tune”"),
        ("gives: date", "gives: weather", "gives"),
        ("{day+2}", "{today}", "there is no variable {today}"),
        ("key: late_parcel", "key: late", "must be the name of the file"),
        ("unmet: [date]", "unmet: [dates]", "there is no criterion “dates”"),
        ("ru: Посылка опаздывает, ", "", "lacks the language ru"),
        ("says:\n          en: [sorry, apolog*]", "says:\n          en: [so/rry]", "is no phrase"),
        ("        most: 1\n", "        most: 1\n        macro: true\n", "give exactly one"),
    ],
)
def test_a_wrong_lesson_stops_the_start(tmp_path: Path, old: str, new: str, problem: str) -> None:
    shutil.copy(FOLDER / "late_parcel.yml", tmp_path)
    path = tmp_path / "late_parcel.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        read_lessons(tmp_path)
    assert problem in str(error.value)
    assert f"{path}:" in str(error.value)


@pytest.mark.parametrize(
    ("phrase", "text", "times"),
    [
        ("order num*", "What is your ORDER number?", 1),
        ("siento", "Lo siénto", 1),
        ("счет", "Счёт готов", 1),
        ("номер ?", "Какой номер?", 1),
        ("cannot ... promise", "I cannot really promise that", 1),
        ("cannot ... promise", "I cannot say at this very moment whether I promise", 0),
        ("a ... b c", "a b x b c", 1),
        ("~не обещаю", "Я не обещаю", 0),
        ("~не обещаю", "Обещаю! Точно обещаю", 2),
        ("can t", "I can't", 1),
        ("sorry", "sorry, so sorry", 2),
    ],
)
def test_a_phrase_is_found_as_it_is_meant(phrase: str, text: str, times: int) -> None:
    assert Phrase.of(phrase).count(words_of(text)) == times


def test_searching_takes_time_that_grows_with_the_text_alone() -> None:
    phrase = Phrase.of("a ... a ... a ... a ... a ... b")
    counted = []

    class Counted(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            counted.append(1)
            return str.__eq__(self, other)  # type: ignore[arg-type]

        __hash__ = str.__hash__

    def effort(length: int) -> int:
        counted.clear()
        phrase.count([Counted("a")] * length)
        return len(counted)

    assert effort(2_000) <= 2.1 * effort(1_000)


def test_a_sum_of_money_is_no_end_of_a_sentence() -> None:
    assert sentences_of("It is 89.00 EUR. Good?\nYes") == ["It is 89.00 EUR.", "Good?", "Yes"]
