"""How an answer of a lesson is judged: by words and recognised values, in time that grows with its length alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.phrases import Phrase, sentences_of, words_of
from config.practice import Answer, Branch, Criterion, Given, Lesson, Measure, Step
from crm_core.states import Author, Visibility

ENOUGH_OF_A_MACRO = 0.8  # of its words: agents fit it to the customer
ACCEPTED, FIRST_REPLY, REPLY, TOTAL = "accept", "first_reply", "reply", "total"


@dataclass(frozen=True, slots=True)
class Found:
    """A value that was recognised in a text, at `start:end`."""

    kind: str
    value: str
    start: int = 0
    end: int = 0


Recognise = Callable[[str, str, date], Sequence[Found]]  # a text, its language, today


@dataclass(frozen=True, slots=True)
class Story:
    """What the judging of one run rests on."""

    lesson: Lesson
    language: str
    day: date
    recognise: Recognise


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said; `step` is the one it belongs to."""

    at: datetime
    author: str
    visibility: str
    step: str | None
    text: str
    macro: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One criterion; `sentence` is what earned it or missed it, empty when nothing of the kind was written."""

    step: str
    key: str
    item: str
    is_met: bool
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Timed:
    """How long something took; `step` only for a reply. None: it never came."""

    key: str
    took_s: int | None
    target_s: int
    step: str = ""

    @property
    def is_met(self) -> bool:
        return self.took_s is not None and self.took_s <= self.target_s


@dataclass(frozen=True, slots=True)
class Times:
    """When a run was offered, accepted and resolved."""

    offered: datetime
    accepted: datetime | None
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class ItemScore:
    """`of` checks belonged to this line of the scorecard; `met` of them held."""

    key: str
    weight: int
    met: int
    of: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` is a percentage; None when the lesson measures nothing."""

    score: int | None
    items: tuple[ItemScore, ...]
    checks: tuple[Check, ...]
    times: tuple[Timed, ...]
    is_right_ending: bool | None


def answers_in(step: Step, said: Sequence[Said]) -> list[Said]:
    """What the agent wrote in this step to whom it was meant for."""
    wanted = Visibility.INTERNAL if step.answer is Answer.NOTE else Visibility.PUBLIC
    return [
        one for one in said if one.author == Author.AGENT and one.step == step.key and one.visibility == wanted
    ]  # fmt: skip


def checks_of(story: Story, step: Step, said: Sequence[Said]) -> tuple[Check, ...]:
    """Every criterion of a step, over all that was answered in it. Without an answer nothing is met."""
    answers = answers_in(step, said)
    return tuple(_check(story, step.key, criterion, answers) for criterion in step.criteria)


def _check(story: Story, step: str, criterion: Criterion, answers: Sequence[Said]) -> Check:
    if criterion.macro:
        inserted = next((one for one in answers if one.macro), None)
        return Check(step, criterion.key, criterion.item, inserted is not None)
    if criterion.words is not None:
        longest = max((len(words_of(one.text)) for one in answers), default=0)
        return Check(step, criterion.key, criterion.item, 0 < longest <= criterion.words)
    sentences = [sentence for one in answers for sentence in sentences_of(one.text)]
    if criterion.gives is not None:
        hit = next((one for one in sentences if _gives(story, criterion, one)), "")
        return Check(step, criterion.key, criterion.item, bool(hit), hit)
    phrases = [Phrase.of(written) for written in criterion.phrases.get(story.language, [])]
    counts = [(max((each.count(words_of(one)) for each in phrases), default=0), one) for one in sentences]
    times, hit = sum(count for count, _ in counts), next((one for count, one in counts if count), "")
    if criterion.never is not None:
        return Check(step, criterion.key, criterion.item, bool(answers) and not times, hit)
    is_met = times > 0 and (criterion.most is None or times <= criterion.most)
    return Check(step, criterion.key, criterion.item, is_met, hit)


def _gives(story: Story, criterion: Criterion, sentence: str) -> bool:
    found = story.recognise(sentence, story.language, story.day)
    values = [each.value for each in found if each.kind == criterion.gives]
    if criterion.gives is Given.DATE and criterion.days is not None:
        wanted = story.day + timedelta(days=criterion.days)
        return any(value[5:] == wanted.isoformat()[5:] for value in values)  # people leave the year out
    return criterion.value in values if criterion.value is not None else bool(values)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What the customer does next: `step` is where the story stands then, None at its end."""

    says: tuple[Mapping[str, str], ...]
    step: str | None
    branch: str | None = None
    delay_s: int = 0


def reaction_to(lesson: Lesson, step: Step, checks: Sequence[Check], used: Sequence[str]) -> Reaction:
    """The first branch that fits and was not used up, else the next step of the file."""
    met = {check.key for check in checks if check.is_met}
    for number, branch in enumerate(step.then):
        name = f"{step.key}:{number}"
        if name not in used and _fits(branch, met):
            return _by_branch(lesson, step, branch, name)
    following = lesson.steps[lesson.steps.index(step) + 1 :]
    if not following:
        return Reaction((), None)
    return Reaction((following[0].says,), following[0].key, None, following[0].delay_s)


def _fits(branch: Branch, met: set[str]) -> bool:
    return met.issuperset(branch.met) and met.isdisjoint(branch.unmet)


def _by_branch(lesson: Lesson, step: Step, branch: Branch, name: str) -> Reaction:
    own = (branch.says,) if branch.says else ()
    goal = lesson.step(branch.go) if branch.go and branch.go != step.key else None
    if goal is None:
        return Reaction(own, step.key, name, step.delay_s)
    return Reaction((*own, goal.says), goal.key, name, goal.delay_s)


def verdict_of(story: Story, said: Sequence[Said], times: Times, disposition: str | None) -> Verdict:
    """The whole run; what was never reached counts as missed."""
    lesson = story.lesson
    checks = tuple(check for step in lesson.steps for check in checks_of(story, step, said))
    timed = times_of(lesson, said, times)
    ending = disposition in lesson.dispositions if lesson.dispositions else None
    results = {
        Measure.TIME: [one.is_met for one in timed], Measure.ENDING: [ending] if ending is not None else [],
    }  # fmt: skip
    items = tuple(_item_scores(lesson, checks, results))
    whole = sum(item.weight for item in items)
    earned = sum(item.weight * item.met / item.of for item in items)
    return Verdict(round(100 * earned / whole) if whole else None, items, checks, timed, ending)


def _item_scores(lesson: Lesson, checks: Sequence[Check], results: Mapping[Measure, Sequence[bool]]) -> list[ItemScore]:
    found = []
    for item in lesson.scorecard:
        own = results.get(item.measures, [check.is_met for check in checks if check.item == item.key])
        if own:  # what measures nothing in this lesson takes no part
            found.append(ItemScore(item.key, item.weight, sum(map(bool, own)), len(own)))
    return found


def times_of(lesson: Lesson, said: Sequence[Said], times: Times) -> tuple[Timed, ...]:
    """Accept, first reply, each later reply, and the whole, against their targets."""
    targets, replies = lesson.targets, _replies(lesson, said)
    first_at, first_step = replies[0][:2] if replies else (None, "")
    found = [Timed(ACCEPTED, _between(times.offered, times.accepted), targets.accept_s)]
    found.append(Timed(FIRST_REPLY, _between(times.accepted, first_at), targets.first_reply_s, first_step))
    found += [Timed(REPLY, waited_s, targets.reply_s, step) for _, step, waited_s in replies[1:]]
    found.append(Timed(TOTAL, _between(times.accepted, times.finished), targets.total_s))
    return tuple(found)


def _replies(lesson: Lesson, said: Sequence[Said]) -> list[tuple[datetime, str, int]]:
    """Of every step that was answered: when first, the step, and how long the customer had waited."""
    found = []
    for step in lesson.steps:
        asked = next((one.at for one in said if one.author == Author.CONTACT and one.step == step.key), None)
        answered = next(iter(answers_in(step, said)), None)
        if asked is not None and answered is not None:
            found.append((answered.at, step.key, max(0, round((answered.at - asked).total_seconds()))))
    return found


def _between(start: datetime | None, end: datetime | None) -> int | None:
    return round((end - start).total_seconds()) if start is not None and end is not None else None


def macro_in(text: str, macros: Mapping[str, str]) -> str | None:
    """The key of the macro that this text was written with: most of its words stand there."""
    written = set(words_of(text))
    for key, filled in macros.items():
        words = set(words_of(filled))
        if words and len(words & written) >= ENOUGH_OF_A_MACRO * len(words):
            return key
    return None
