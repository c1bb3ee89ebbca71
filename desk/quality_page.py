"""Quality: the scorecard beside a transcript for supervisors, and for agents what was said of their work."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from config.scorecards import Question, QuestionKind, Scorecard
from crm_core.access import Action, require_role
from crm_core.contracts import ConversationId
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput
from crm_core.quality import Review, Verdict, review_conversation, reviews_for, reviews_of
from desk.answers import problem_text, route_class
from desk.conversation_page import read_conversation
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.trail import audit_reading
from desk.words import in_language

Refused = tuple[Conflict | InvalidInput, Mapping[str, str]]  # with the form, which is shown again
GOOD_SCORE, FAIR_SCORE = 80, 60


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """`answers`: value, text, whether it is chosen."""

    key: str
    text: str
    answers: tuple[tuple[int, str, bool], ...]


@dataclass(frozen=True, slots=True)
class ShownReview:
    conversation_id: int
    agent: str
    reviewer: str
    score: str
    tone: str
    comment: str
    answers: tuple[tuple[str, str], ...]
    when: str
    when_full: str


def quality_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/quality")
    async def mine(request: Request) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            found = await reviews_for(session, reader.reach)
        shown = [_review(review, desk, reader) for review in found]
        return HTMLResponse(
            desk.pages.render("reviews.html", reader.words, menu=menu(reader, "quality"), reviews=shown)
        )

    @router.get("/desk/quality/{conversation_id}")
    async def show(request: Request, conversation_id: PathId) -> Response:
        reader = await require_reader(desk, request)
        page = await _page(desk, reader, conversation_id)
        async with unit_of_work(desk.services.sessions) as session:
            await audit_reading(session, request, reader, conversation_id)
        return page

    @router.post("/desk/quality/{conversation_id}")
    async def judge(request: Request, conversation_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        card = scorecard(desk)
        try:
            verdict = Verdict(card, _answers(card, fields), fields.get("comment", "").replace("\r\n", "\n"))
            async with unit_of_work(desk.services.sessions) as session:
                await review_conversation(session, reader.now, reader.reach, ConversationId(conversation_id), verdict)
        except (Conflict, InvalidInput) as error:
            return await _page(desk, reader, conversation_id, (error, fields))
        return RedirectResponse(f"/desk/quality/{conversation_id}", 303)

    return router


def scorecard(desk: Desk) -> Scorecard | None:
    """The first of the file."""
    return next(iter(desk.services.business.scorecards.scorecards), None)


def _answers(card: Scorecard | None, fields: Mapping[str, str]) -> dict[str, int]:
    """What was chosen; a value that is no number is refused by the core as no answer."""
    given = {question.key: fields.get(question.key, "") for question in card.questions} if card is not None else {}
    return {key: int(value) if value in ("0", "1", "2", "3", "4", "5") else -1 for key, value in given.items() if value}


async def _page(desk: Desk, reader: Reader, conversation_id: int, refused: Refused | None = None) -> Response:
    require_role(reader.viewer, Action.SUPERVISE)
    async with unit_of_work(desk.services.sessions) as session:
        found = await read_conversation(desk, session, reader, conversation_id)
        reviews = await _reviews(session, desk, reader, conversation_id)
    fields = refused[1] if refused else {}
    questions = [_question(question, reader, fields) for question in _questions(desk)]
    html = desk.pages.render(
        "quality.html", reader.words, menu=menu(reader, "quality"),
        head=found.head, entries=found.entries, csrf=reader.csrf_token,
        questions=questions, reviews=reviews, comment=fields.get("comment", ""),
        wide=True, sentence=problem_text(reader.words, refused[0]) if refused else "",
    )  # fmt: skip
    return HTMLResponse(html, refused[0].status if refused else 200)


async def _reviews(session: AsyncSession, desk: Desk, reader: Reader, conversation_id: int) -> list[ShownReview]:
    return [_review(review, desk, reader) for review in await reviews_of(session, reader.reach, conversation_id)]


def _questions(desk: Desk) -> list[Question]:
    card = scorecard(desk)
    return card.questions if card is not None else []


def _question(question: Question, reader: Reader, fields: Mapping[str, str]) -> ShownQuestion:
    chosen = fields.get(question.key)
    answers = ((value, _answer(question, value, reader), str(value) == chosen) for value in question.answers)
    return ShownQuestion(question.key, in_language(question.text, reader.words.language), tuple(answers))


def _answer(question: Question, value: int, reader: Reader) -> str:
    if question.kind is QuestionKind.YES_NO:
        return reader.words("quality.yes" if value else "quality.no")
    return str(value)


def _review(review: Review, desk: Desk, reader: Reader) -> ShownReview:
    cards = {card.key: card for card in desk.services.business.scorecards.scorecards}
    card = cards.get(review.scorecard or "")
    asked = [question for question in card.questions if question.key in review.answers] if card else []
    answers = tuple(
        (in_language(question.text, reader.words.language), _answer(question, review.answers[question.key], reader))
        for question in asked
    )
    return ShownReview(
        review.conversation_id, review.agent_name, review.reviewer_name,
        reader.words("quality.percent", score=review.score) if review.score is not None else "", tone_of(review.score),
        review.comment or "", answers, reader.clock.ago(review.at), reader.clock.full(review.at),
    )  # fmt: skip


def tone_of(score: int | None) -> str:
    if score is None:
        return ""
    if score >= GOOD_SCORE:
        return "ok"
    return "warn" if score >= FAIR_SCORE else "bad"
