"""Flows as data: what a customer can do with the bot, step by step; read and checked at start."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.documents import DocumentError, read_document

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
END = "end"
START = "start"


class Step(BaseModel):
    """One step: exactly one of `say`, `collect`, `action`, `run`, `hand_off` and `close`.

    `say`: the key of a reply. `collect`: ask for a slot until it is filled; `accept` names what fills it.
    `action`: a named function; its outcome chooses the next step in `outcomes`; after an outcome in `asked` the action
    has put the question itself, and the customer is to speak. `run`: another flow first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name | None = None
    say: Name | None = None
    collect: Name | None = None
    accept: list[Name] = []
    question: Name | None = None
    again: Name | None = None
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    choices: list[Name] = []
    action: Name | None = None
    outcomes: dict[Name, Name] = {}
    asked: list[Name] = []
    run: Name | None = None
    hand_off: Name | None = None
    close: Literal[True] | None = None
    next: Name | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Step":
        kinds = [name for name in ("say", "collect", "action", "run", "hand_off", "close") if getattr(self, name)]
        if len(kinds) != 1:
            raise ValueError("a step is exactly one of say, collect, action, run, hand_off and close")
        if self.collect and not (self.accept and self.question):
            raise ValueError("collect needs `accept` (what may fill the slot) and `question` (a reply)")
        if self.outcomes and not self.action:
            raise ValueError("only an action has outcomes")
        if not set(self.asked) <= set(self.outcomes):
            raise ValueError("every outcome in `asked` needs its step in `outcomes`")
        return self


class Flow(BaseModel):
    """`intents` start it, `intents_with` those beside a value of a kind; a flow without any is only run by others.

    `label` is the reply that names it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    intents: list[Name] = []
    intents_with: dict[Name, list[Name]] = {}
    label: Name | None = None
    clears: list[Name] = []
    steps: Annotated[list[Step], Field(min_length=1)]

    def index_of(self, step_id: str) -> int:
        """Where the step stands; one past the last for `end`."""
        if step_id == END:
            return len(self.steps)
        if step_id == START:
            return 0
        return next(number for number, step in enumerate(self.steps) if step.id == step_id)


class FlowFile(BaseModel):
    """`config/flows/*.yml`."""

    model_config = ConfigDict(extra="forbid")

    flows: dict[Name, Flow]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the code offers to flows."""

    actions: frozenset[str]
    replies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Flows:
    """All flows by name, and which intent starts which; `by_value` is for an intent beside a value of a kind."""

    by_name: Mapping[str, Flow]
    by_intent: Mapping[str, str]
    by_value: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.by_name)


def read_flows(directory: Path, vocabulary: Vocabulary) -> Flows:
    """Raises DocumentError, with file and line, for anything a customer would run into later."""
    by_name: dict[str, Flow] = {}
    by_intent: dict[str, str] = {}
    origin: dict[str, Path] = {}
    for path in sorted(directory.glob("*.yml")):
        for name, flow in read_document(path, FlowFile).flows.items():
            if name in by_name:
                raise DocumentError(path, line_of_name(path, name), f"the flow “{name}” stands in {origin[name]} too")
            by_name[name], origin[name] = flow, path
            taken = next((intent for intent in flow.intents if intent in by_intent), None)
            if taken is not None:
                raise DocumentError(path, line_of_name(path, name), f"“{taken}” starts “{by_intent[taken]}” already")
            by_intent.update(dict.fromkeys(flow.intents, name))
    for name, flow in by_name.items():
        for problem in problems_of(flow, vocabulary, by_name):
            raise DocumentError(origin[name], line_of_name(origin[name], name), f"{name}: {problem}")
    return Flows(by_name, by_intent, _by_value(by_name))


def _by_value(flows: Mapping[str, Flow]) -> dict[tuple[str, str], str]:
    return {
        (intent, kind): name
        for name, flow in flows.items()
        for kind, intents in flow.intents_with.items()
        for intent in intents
    }


def line_of_name(path: Path, name: str) -> int:
    """The line (from 1) where the flow begins."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip().startswith(f"{name}:"):
            return number
    return 1


def problems_of(flow: Flow, vocabulary: Vocabulary, flows: Mapping[str, Flow]) -> Iterator[str]:
    """What is wrong with the references of a flow, in sentences."""
    ids = {step.id for step in flow.steps if step.id} | {END, START}
    for step in flow.steps:
        targets = [*step.outcomes.values(), *([step.next] if step.next else [])]
        yield from (f"there is no step “{target}”" for target in targets if target not in ids)
        said = [step.say, step.question, step.again]
        yield from (f"no language has the reply “{key}”" for key in said if key and key not in vocabulary.replies)
        if step.action and step.action not in vocabulary.actions:
            yield f"there is no action “{step.action}”; the actions are {', '.join(sorted(vocabulary.actions))}"
        if step.run and step.run not in flows:
            yield f"there is no flow “{step.run}” to run"
    yield from (f"nothing leads to step “{step_id}”" for step_id in _unreachable(flow))


def _unreachable(flow: Flow) -> list[str]:
    reached: set[int] = set()
    waiting = [0]
    while waiting:
        number = waiting.pop()
        if number in reached or number >= len(flow.steps):
            continue
        reached.add(number)
        step = flow.steps[number]
        waiting += [flow.index_of(target) for target in step.outcomes.values()]
        if step.next:
            waiting.append(flow.index_of(step.next))
        elif not (step.hand_off or step.close):
            waiting.append(number + 1)
    return [step.id or f"number {number + 1}" for number, step in enumerate(flow.steps) if number not in reached]
