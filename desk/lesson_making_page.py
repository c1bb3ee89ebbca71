"""A supervisor makes a lesson of a closed conversation: shown without names, read, mended, then kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from config.practice import Given, Item, Lesson, Measure, Step
from crm_core.access import Action, require_role
from crm_core.audit import AuditAction
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.plain_text import is_storable
from crm_core.practice_judging import Recognise
from crm_core.practice_lessons import keep_lesson
from crm_core.practice_making import MOST_TURNS, Draft, Turn, draft_of
from desk.answers import problem_text, route_class
from desk.people import Chip
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.trail import audit, audit_reading
from desk.words import Words

ITEM = "facts"


class NotChecked(InvalidInput):
    """Nobody has said that the lesson names no person."""

    code = "not_checked"


class UnusableLesson(InvalidInput):
    code = "unusable_lesson"


@dataclass(frozen=True, slots=True)
class Written:
    """The form: what the lesson is called, what it teaches, and its messages."""

    title: str
    goal: str
    turns: tuple[Turn, ...]


def lesson_making_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/training/from/{source_id}")
    async def show(request: Request, source_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        draft = await _draft(desk, reader, source_id)
        async with unit_of_work(desk.services.sessions) as session:
            await audit_reading(session, request, reader, source_id)
        return _page(desk, reader, source_id, (draft, Written("", "", draft.turns)))

    @router.post("/desk/training/from/{source_id}")
    async def keep(request: Request, source_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.SUPERVISE)
        draft, written = await _draft(desk, reader, source_id), _written(fields)
        try:
            lesson = _checked_lesson(desk, reader, draft, written, fields)
            async with unit_of_work(desk.services.sessions) as session:
                key = await keep_lesson(session, reader.now, reader.reach, lesson)
                await audit(
                    session, request, reader, (AuditAction.LESSON_MADE, f"conversation:{source_id}"), lesson=key
                )
        except InvalidInput as error:
            return _page(desk, reader, source_id, (draft, written), error)
        return RedirectResponse("/desk/training", 303)

    return router


async def _draft(desk: Desk, reader: Reader, source_id: int) -> Draft:
    """Raises Forbidden, NotFound, NothingToPractise."""
    today = reader.now.astimezone(reader.clock.zone).date()
    async with unit_of_work(desk.services.sessions) as session:
        return await draft_of(session, reader.reach, source_id, desk.services.recognise, today)


def _written(fields: Mapping[str, str]) -> Written:
    def field(name: str) -> str:
        return fields.get(name, "").replace("\r\n", "\n").strip()

    turns = (Turn(field(f"says_{n}"), field(f"model_{n}"), field(f"words_{n}")) for n in range(MOST_TURNS))
    return Written(field("title"), field("goal"), tuple(turn for turn in turns if turn.says or turn.model))


def _checked_lesson(
    desk: Desk, reader: Reader, draft: Draft, written: Written, fields: Mapping[str, str]
) -> Lesson:  # fmt: skip
    """Raises NotChecked, UnusableLesson."""
    if fields.get("checked") != "1":
        raise NotChecked("Read the lesson first, and say that it names nobody.")
    texts = (written.title, written.goal, *(part for turn in written.turns for part in (turn.says, turn.model)))
    if not all(is_storable(text) for text in texts):
        raise UnusableLesson("This cannot be saved.")
    try:
        return lesson_of(
            written, draft, desk.words(draft.language), KindsOf(desk.services.recognise, reader, draft.language)
        )
    except ValidationError as error:
        raise UnusableLesson("Give a title, a goal, and both texts of every message.") from error


@dataclass(frozen=True, slots=True)
class KindsOf:
    """What a good answer gives, in the order of `Given`."""

    recognise: Recognise
    reader: Reader
    language: str

    def __call__(self, text: str) -> list[Given]:
        today = self.reader.now.astimezone(self.reader.clock.zone).date()
        found = {one.kind for one in self.recognise(text, self.language, today)}
        return [kind for kind in Given if kind in found]


def lesson_of(written: Written, draft: Draft, words: Words, kinds: KindsOf) -> Lesson:
    """In the one language of the conversation. Raises ValidationError."""
    code = draft.language
    steps = [_step(code, number, turn, words, kinds) for number, turn in enumerate(written.turns, 1)]
    items = [Item(key="time", measures=Measure.TIME, text={code: words("training.item_time")}, weight=2)]
    if any(step.criteria for step in steps):
        items.insert(0, Item(key=ITEM, text={code: words("training.item_facts")}, weight=5))
    if draft.disposition:
        items.append(Item(key="ending", measures=Measure.ENDING, text={code: words("training.item_ending")}))
    known = draft.channel in ("webchat", "email", "telegram", "whatsapp", "sms", "phone")
    return Lesson.model_validate({
        "key": "own", "title": {code: written.title}, "goal": {code: written.goal}, "languages": [code],
        "persona": {"name": {code: words("conversation.anonymous")}, "channel": draft.channel if known else "webchat"},
        "briefing": {"wants": {code: written.goal}, "reason": "needs_person"},
        "dispositions": [draft.disposition] if draft.disposition else [], "steps": steps, "scorecard": items,
    })  # fmt: skip


def _step(code: str, number: int, turn: Turn, words: Words, kinds: KindsOf) -> Step:
    phrases = [each.strip() for each in turn.words.split(",") if each.strip()]
    wanted: list[tuple[str, dict[str, object], str]] = [
        (f"word_{n}", {"says": {code: [phrase]}}, words("training.says_one", phrase=phrase))
        for n, phrase in enumerate(phrases)
    ]
    if not phrases:
        wanted = [(kind, {"gives": kind}, words(f"training.gives_{kind}")) for kind in kinds(turn.model)]
    criteria = [{"key": key, "item": ITEM, "text": {code: text}, **rule} for key, rule, text in wanted]
    return Step.model_validate({
        "key": f"turn_{number}", "says": {code: turn.says}, "model": {code: turn.model}, "criteria": criteria,
    })  # fmt: skip


def _page(
    desk: Desk, reader: Reader, source_id: int, shown: tuple[Draft, Written], error: InvalidInput | None = None
) -> Response:
    draft, written = shown
    html = desk.pages.render(
        "lesson_making.html", reader.words, menu=menu(reader, "training"), csrf=reader.csrf_token,
        source_id=source_id, written=written,
        replaced=[_replaced(reader.words, kind, count) for kind, count in draft.replaced.items()],
        language=draft.language, sentence=problem_text(reader.words, error) if error else "",
    )  # fmt: skip
    return HTMLResponse(html, error.status if error else 200)


def _replaced(words: Words, kind: str, count: int) -> Chip:
    return Chip(f"{words.known(f'training.kinds.{kind}', words('training.kinds.number'))} × {count}")
