"""`scorecards.yml`: what supervisors ask of a conversation when they review it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from config.words import Key, Strict, Translated


class QuestionKind(StrEnum):
    SCALE = "scale"
    YES_NO = "yes_no"


class Question(Strict):
    key: Key
    text: Translated
    kind: QuestionKind = QuestionKind.SCALE
    weight: Annotated[int, Field(ge=1, le=100)] = 1

    @property
    def answers(self) -> tuple[int, ...]:
        """From the worst to the best."""
        return (1, 2, 3, 4, 5) if self.kind is QuestionKind.SCALE else (0, 1)


class Scorecard(Strict):
    key: Key
    name: Translated
    questions: Annotated[list[Question], Field(min_length=1, max_length=20)]


class Scorecards(Strict):
    """The whole file; the first is the one that is offered."""

    scorecards: list[Scorecard] = []
