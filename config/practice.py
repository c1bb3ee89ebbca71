"""`practice/*.yml`: lessons of the practice mode. A simulated customer, what a good answer does, and a model answer."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from config.documents import DocumentError, read_document
from config.phrases import PhraseText
from config.practice_order import PracticeOrder
from config.words import Key, LanguageCode, Strict

BLANK = re.compile(r"\{([^{}]*)\}")
DAY = re.compile(r"day([+-]\d{1,3})")
MOST_STEPS, MOST_CRITERIA = 12, 12


def _known_blanks(text: str) -> str:
    unknown = next((name for name in BLANK.findall(text) if not DAY.fullmatch(name)), None)
    if unknown is not None:
        raise ValueError(f"there is no variable {{{unknown}}}; a day is written {{day+2}} or {{day-3}}")
    return text


SaidText = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_known_blanks)]
Said = dict[LanguageCode, SaidText]
Phrases = dict[LanguageCode, Annotated[list[PhraseText], Field(min_length=1, max_length=60)]]
Days = Annotated[int, Field(ge=-365, le=365)]


class Measure(StrEnum):
    """What an item of the scorecard is measured by."""

    ANSWERS = "answers"
    TIME = "time"
    ENDING = "ending"


class Given(StrEnum):
    """Values that the entity recognisers find in an answer."""

    DATE = "date"
    AMOUNT = "amount"
    ORDER_NUMBER = "order_number"


class Item(Strict):
    """A line of the scorecard."""

    key: Key
    text: Said
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    measures: Measure = Measure.ANSWERS


class Criterion(Strict):
    """One thing that an answer does or leaves undone: one of `says`, `never`, `gives`, `macro`, `words`."""

    key: Key
    item: Key
    text: Said
    says: Phrases | None = None
    most: Annotated[int, Field(ge=1, le=9)] | None = None  # with `says`: no oftener than this
    never: Phrases | None = None
    gives: Given | None = None
    days: Days | None = None  # with `gives: date`: which day, counted from the day of the lesson
    value: str | None = None  # with `gives`: which amount (“89.00 EUR”) or number
    macro: bool = False
    words: Annotated[int, Field(ge=1, le=500)] | None = None  # no longer than this

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        rules = [self.says is not None, self.never is not None, self.gives is not None, self.macro]
        rules.append(self.words is not None)
        if sum(rules) != 1:
            raise ValueError("give exactly one of says, never, gives, macro and words")
        if self.days is not None and self.gives is not Given.DATE:
            raise ValueError("days goes with “gives: date”")
        return self

    @property
    def phrases(self) -> Phrases:
        return self.says or self.never or {}


class Branch(Strict):
    """What the customer does when the answer meets, or does not meet, these criteria. Without `go` they stay."""

    met: list[Key] = []
    unmet: list[Key] = []
    says: Said | None = None
    go: Key | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.says is None and self.go is None:
            raise ValueError("give what the customer says, or where to go")
        return self


class Answer(StrEnum):
    """Whom the agent writes to: the customer, or colleagues in a note."""

    REPLY = "reply"
    NOTE = "note"


class Step(Strict):
    """One thing the customer says, and what is expected of the answer. Then the first branch that fits, once each."""

    key: Key
    says: Said
    answer: Answer = Answer.REPLY
    delay_s: Annotated[int, Field(ge=0, le=60)] = 4  # how long the customer types
    criteria: Annotated[list[Criterion], Field(max_length=MOST_CRITERIA)] = []
    model: Said
    why: Said | None = None
    then: list[Branch] = []


class Persona(Strict):
    """The customer who is played; `contact` is an address as the panel shows it."""

    name: Said
    contact: str = ""
    verified_how: Key | None = None
    channel: Annotated[str, Field(pattern="^(webchat|email|telegram|whatsapp|sms|phone)$")] = "webchat"
    intent: Key = "order_status"
    upset: bool = False


class Line(Strict):
    """What was said before the agent came."""

    by: Annotated[str, Field(pattern="^(contact|bot|agent)$")]
    text: Said


class Briefing(Strict):
    """The hand-off card."""

    reason: Key = "asked"
    wants: Said
    found: list[Said] = []
    told: list[Said] = []


class Targets(Strict):
    accept_s: Annotated[int, Field(ge=5, le=600)] = 30
    first_reply_s: Annotated[int, Field(ge=10, le=3600)] = 120
    reply_s: Annotated[int, Field(ge=10, le=3600)] = 120
    total_s: Annotated[int, Field(ge=30, le=7200)] = 600


class Lesson(Strict):
    """One file, or what a supervisor made of a conversation."""

    key: Key
    rank: int = 100  # lessons are offered in this order
    title: Said
    goal: Said
    languages: Annotated[list[LanguageCode], Field(min_length=1)]
    persona: Persona
    before: list[Line] = []
    briefing: Briefing
    order: PracticeOrder | None = None
    targets: Targets = Targets()
    dispositions: list[Key] = []  # how it may rightly end; empty: not judged
    steps: Annotated[list[Step], Field(min_length=1, max_length=MOST_STEPS)]
    scorecard: Annotated[list[Item], Field(min_length=1, max_length=12)]

    def step(self, key: str) -> Step | None:
        return next((step for step in self.steps if step.key == key), None)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for problem in _problems(self):
            raise ValueError(problem)
        return self


def _problems(lesson: Lesson) -> Iterator[str]:
    steps, items = {step.key for step in lesson.steps}, {item.key for item in lesson.scorecard}
    if len(steps) < len(lesson.steps) or len(items) < len(lesson.scorecard):
        yield "a key of a step or of an item stands twice"
    for step in lesson.steps:
        criteria = {criterion.key for criterion in step.criteria}
        yield from (f"{step.key}: there is no item “{one.item}”" for one in step.criteria if one.item not in items)
        named = {name for branch in step.then for name in (*branch.met, *branch.unmet)}
        yield from (f"{step.key}: there is no criterion “{name}”" for name in sorted(named - criteria))
        led = {branch.go for branch in step.then if branch.go is not None}
        yield from (f"{step.key}: there is no step “{name}”" for name in sorted(led - steps))
    for said in texts_of(lesson):
        missing = sorted(set(lesson.languages) - said.keys())
        if missing:
            yield f"“{next(iter(said.values()), '')[:40]}…” lacks the language {', '.join(missing)}"


def texts_of(lesson: Lesson) -> Iterator[Said | Phrases]:
    """Everything that must be there in each language of the lesson."""
    yield from (lesson.title, lesson.goal, lesson.persona.name, lesson.briefing.wants)
    yield from (*lesson.briefing.found, *lesson.briefing.told, *(line.text for line in lesson.before))
    yield from (item.text for item in lesson.scorecard)
    yield from (line.name for line in (lesson.order.lines if lesson.order else ()))
    for step in lesson.steps:
        yield from (step.says, step.model, *([step.why] if step.why else []))
        yield from (branch.says for branch in step.then if branch.says)
        yield from (criterion.text for criterion in step.criteria)
        yield from (criterion.phrases for criterion in step.criteria if criterion.phrases)


def read_lessons(directory: Path) -> tuple[Lesson, ...]:
    """Every lesson of the folder, by rank; none without the folder. Raises DocumentError."""
    found: dict[str, Lesson] = {}
    for path in sorted(directory.glob("*.yml")):
        lesson = read_document(path, Lesson)
        if lesson.key != path.stem:
            raise DocumentError(path, 1, f"key: “{lesson.key}” must be the name of the file, {path.stem}")
        found[lesson.key] = lesson
    return tuple(sorted(found.values(), key=lambda lesson: (lesson.rank, lesson.key)))
