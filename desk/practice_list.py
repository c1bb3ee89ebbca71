"""The lessons as a person sees them: given to them, all there are, and what they took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from config.practice import Lesson
from crm_core.practice_lessons import Attempt, Progress
from crm_core.states import PracticeState
from desk.people import Chip, channel_icon
from desk.quality_page import tone_of
from desk.reader import Reader
from desk.views import Option
from desk.words import in_language


@dataclass(frozen=True, slots=True)
class ShownLesson:
    """`due` is a chip for a lesson that was given to the reader."""

    key: str
    title: str
    goal: str
    icon: str
    facts: str
    languages: tuple[Option, ...]
    due: Chip | None = None
    best: Chip | None = None


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    href: str
    title: str
    result: Chip
    detail: str
    when: str
    when_full: str
    has_comment: bool


@dataclass(frozen=True, slots=True)
class PracticeList:
    given: tuple[ShownLesson, ...]
    free: tuple[ShownLesson, ...]
    attempts: tuple[ShownAttempt, ...]


def practice_list(
    reader: Reader, lessons: Mapping[str, Lesson], progress: Sequence[Progress], attempts: Sequence[Attempt]
) -> PracticeList:
    """What was given and is still to be done stands first; done, it is among the others."""
    known = {each.lesson: each for each in progress}
    shown = {key: _lesson(reader, key, lesson, known.get(key)) for key, lesson in lessons.items()}
    given = tuple(
        shown[each.lesson] for each in progress if each.assignment and not each.attempts and each.lesson in shown
    )
    free = tuple(each for each in shown.values() if each not in given)
    return PracticeList(given, free, tuple(_attempt(reader, lessons, each) for each in attempts))


def _lesson(reader: Reader, key: str, lesson: Lesson, progress: Progress | None) -> ShownLesson:
    words, language = reader.words, reader.words.language
    chosen = language if language in lesson.languages else lesson.languages[0]
    languages = tuple(Option(code, words(f"languages.{code}"), code == chosen) for code in lesson.languages)
    minutes = words("clock.minutes", n=max(1, lesson.targets.total_s // 60))
    facts = words("practice.facts", steps=words("practice.turns", n=len(lesson.steps)), time=minutes)
    best = progress.best_score if progress else None
    return ShownLesson(
        key, in_language(lesson.title, language), in_language(lesson.goal, language),
        channel_icon(lesson.persona.channel), facts, languages, due_chip(reader, progress),
        Chip(words("practice.best", score=best), tone_of(best)) if best is not None else None,
    )  # fmt: skip


def due_chip(reader: Reader, progress: Progress | None) -> Chip | None:
    """Of a lesson that was given and not yet taken."""
    if progress is None or progress.assignment is None or progress.attempts:
        return None
    due = progress.assignment.due_on
    if due is None:
        return Chip(reader.words("practice.given"), "accent")
    today = reader.now.astimezone(reader.clock.zone).date()
    return Chip(reader.words("practice.due", day=reader.clock.plain_day(due)), _urgency(today, due))


def _urgency(today: date, due: date) -> str:
    if due < today:
        return "bad"
    return "warn" if due <= today + timedelta(days=1) else "accent"


def title_of(reader: Reader, lessons: Mapping[str, Lesson], key: str) -> str:
    """A lesson that is no longer there keeps its key."""
    return in_language(lessons[key].title, reader.words.language) if key in lessons else key.replace("_", " ")


def _attempt(reader: Reader, lessons: Mapping[str, Lesson], attempt: Attempt) -> ShownAttempt:
    words, is_done = reader.words, attempt.state is PracticeState.FINISHED
    result = Chip(words("practice.under_way"), "accent")
    if is_done:
        score = attempt.score
        result = Chip(
            words("quality.percent", score=score) if score is not None else words("practice.done"), tone_of(score)
        )
    return ShownAttempt(
        f"/desk/practice/{attempt.run_id}", title_of(reader, lessons, attempt.lesson), result,
        words.known(f"languages.{attempt.language}", attempt.language), reader.clock.ago(attempt.at),
        reader.clock.full(attempt.at), attempt.has_comment,
    )  # fmt: skip
