"""The review of a finished lesson: the score and what it is made of, time, and each answer beside a good one."""

from dataclasses import dataclass

from config.practice import Answer, Criterion, Step
from crm_core.access import Action, allows
from crm_core.practice import Run
from crm_core.practice_judging import ACCEPTED, FIRST_REPLY, TOTAL, Check, ItemScore, Timed, Verdict, answers_in
from crm_core.states import Author, PracticeState
from desk.people import Chip
from desk.practice_run import explained, told
from desk.quality_page import tone_of
from desk.reader import Reader
from desk.services import Desk
from desk.words import Words, in_language


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A line of the scorecard; `percent` fills its bar."""

    text: str
    percent: int
    tone: str
    counted: str
    weight: str


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """`how` says in words what was looked for; `sentence` is what earned or missed it."""

    text: str
    is_met: bool
    sentence: str
    how: str


@dataclass(frozen=True, slots=True)
class ShownTime:
    text: str
    took: str
    target: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class ShownStep:
    customer: tuple[str, ...]
    answers: tuple[str, ...]
    is_note: bool
    model: str
    why: str
    checks: tuple[ShownCheck, ...]


@dataclass(frozen=True, slots=True)
class ShownReview:
    """`score` is empty for a lesson that was left or measures nothing."""

    run_id: int
    lesson: str
    language: str
    title: str
    who: str
    when: str
    score: str
    tone: str
    verdict: str
    items: tuple[ShownItem, ...]
    times: tuple[ShownTime, ...]
    ending: Chip | None
    steps: tuple[ShownStep, ...]
    comment: str
    is_own: bool
    may_comment: bool


def review_of(desk: Desk, reader: Reader, run: Run) -> ShownReview:
    """For who took the lesson and for who trains them; a lesson that was left has the answers and no score."""
    words, verdict = reader.words, run.verdict or Verdict(None, (), (), (), None)
    tone, is_own = tone_of(verdict.score), run.user_id == reader.viewer.user_id
    said = words(f"practice.verdict_{tone or 'none'}")
    return ShownReview(
        run.id, run.lesson_key, run.language, explained(reader, run, run.lesson.title), run.user_name,
        reader.clock.full(run.started_at), words("quality.percent", score=verdict.score) if tone else "", tone,
        said if run.state is PracticeState.FINISHED else words("practice.was_left"),
        tuple(_item(reader, run, item) for item in verdict.items), tuple(_time(words, one) for one in verdict.times),
        _ending(desk, reader, run, verdict), tuple(_step(reader, run, step, verdict) for step in run.lesson.steps),
        run.comment or "", is_own, allows(reader.viewer.role, Action.TRAIN) and not is_own,
    )  # fmt: skip


def _item(reader: Reader, run: Run, item: ItemScore) -> ShownItem:
    told_item = next(each for each in run.lesson.scorecard if each.key == item.key)
    percent = round(100 * item.met / item.of)
    counted = reader.words("practice.counted", met=item.met, all=item.of)
    weight = reader.words("practice.weight", n=item.weight)
    return ShownItem(explained(reader, run, told_item.text), percent, tone_of(percent), counted, weight)


def _time(words: Words, one: Timed) -> ShownTime:
    names = {ACCEPTED: "practice.time_accept", FIRST_REPLY: "practice.time_first", TOTAL: "practice.time_total"}
    took = clocked(one.took_s) if one.took_s is not None else words("practice.never")
    return ShownTime(words(names.get(one.key, "practice.time_reply")), took, clocked(one.target_s), one.is_met)


def clocked(seconds: int) -> str:
    """“1:05”."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _ending(desk: Desk, reader: Reader, run: Run, verdict: Verdict) -> Chip | None:
    if run.disposition is None:
        return None
    names = desk.services.business.company.dispositions
    chosen = in_language(names.get(run.disposition, {}), reader.words.language) or run.disposition
    return Chip(chosen, {True: "ok", False: "bad"}.get(verdict.is_right_ending, ""))  # type: ignore[arg-type]


def _step(reader: Reader, run: Run, step: Step, verdict: Verdict) -> ShownStep:
    said = [entry.said for entry in run.entries]
    asked = tuple(one.text for one in said if one.step == step.key and one.author == Author.CONTACT)
    checks = {check.key: check for check in verdict.checks if check.step == step.key}
    shown = tuple(_check(reader, run, each, checks[each.key]) for each in step.criteria if each.key in checks)
    return ShownStep(
        asked or (told(run, step.says),), tuple(one.text for one in answers_in(step, said)),
        step.answer is Answer.NOTE, told(run, step.model), explained(reader, run, step.why) if step.why else "", shown,
    )  # fmt: skip


def _check(reader: Reader, run: Run, criterion: Criterion, check: Check) -> ShownCheck:
    return ShownCheck(
        explained(reader, run, criterion.text), check.is_met, check.sentence, _how(reader.words, run, criterion)
    )  # fmt: skip


def _how(words: Words, run: Run, criterion: Criterion) -> str:
    """What was looked for, so that nobody takes it for more than it is."""
    if criterion.macro:
        return words("practice.how_macro")
    if criterion.words is not None:
        return words("practice.how_words", n=criterion.words)
    if criterion.gives is not None:
        return words("practice.how_gives", kind=words(f"practice.kind_{criterion.gives}"))
    looked_for = ", ".join(f"“{each}”" for each in in_phrases(criterion, run.language))
    return words("practice.how_never" if criterion.never else "practice.how_says", phrases=looked_for)


def in_phrases(criterion: Criterion, language: str) -> list[str]:
    return list(criterion.phrases.get(language, ()))
