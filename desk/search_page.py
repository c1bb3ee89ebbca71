"""Transcript search: for everybody, each within what they may see."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.audit import AuditAction
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.saved_searches import forget_search, save_search, saved_searches
from crm_core.search import Found, Hit, pieces, search_transcripts
from crm_core.staff import names_of_staff
from crm_core.states import Author, Visibility
from desk.answers import problem_text, route_class
from desk.change import number_of
from desk.guard import MOST_FIELDS
from desk.people import Chip, channel_icon, intent_name, person_name
from desk.reader import Reader, require_change, require_reader
from desk.search_form import LOW_RATING, address_of, given_of, query_of, search_form
from desk.services import Desk
from desk.trail import audit
from desk.words import in_language


@dataclass(frozen=True, slots=True)
class ShownHit:
    """One message that was found; `pieces` are plain text, each with whether it is to be marked."""

    conversation_id: int
    message_id: int
    name: str
    channel_icon: str
    channel_name: str
    by: str
    when: str
    when_full: str
    language: str
    pieces: tuple[tuple[str, bool], ...]
    chips: tuple[Chip, ...]


def search_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/search")
    async def search(request: Request) -> Response:
        reader = await require_reader(desk, request)
        given = given_of(request.query_params)
        page = await _page(desk, reader, given, number_of(request.query_params, "before") or None)
        if given:  # which fields were filled in; what people look for may be somebody's name
            async with unit_of_work(desk.services.sessions) as session:
                await audit(session, request, reader, (AuditAction.SEARCHED, None), fields=[*given])
        return page

    @router.post("/desk/search/save")
    async def save(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        given = given_of(_parameters(fields.get("query", "")))
        try:
            async with unit_of_work(desk.services.sessions) as session:
                await save_search(session, reader.now, reader.viewer, fields.get("name", ""), address_of(given))
        except InvalidInput as error:
            return await _page(desk, reader, given, None, problem_text(reader.words, error))
        return RedirectResponse(f"/desk/search?{address_of(given)}", 303)

    @router.post("/desk/search/forget")
    async def forget(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await forget_search(session, reader.viewer, number_of(fields, "id"))
        return RedirectResponse("/desk/search", 303)

    return router


def _parameters(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


async def _page(
    desk: Desk, reader: Reader, given: dict[str, str], before: int | None, sentence: str = ""
) -> Response:  # fmt: skip
    found, status = Found(()), 422 if sentence else 200
    async with unit_of_work(desk.services.sessions) as session:
        if given:
            try:
                query = query_of(given, reader.clock.zone)
                found = await search_transcripts(session, reader.reach, query, before)
            except InvalidInput as error:
                sentence, status = problem_text(reader.words, error), error.status
        saved = await saved_searches(session, reader.viewer)
        agents = await names_of_staff(session)
    next_page = address_of(given, found.before) if found.before is not None else ""
    html = desk.pages.render(
        "search.html", reader.words, form=search_form(desk, reader, given, agents), saved=saved, csrf=reader.csrf_token,
        supervises=reader.reach.sees_all, sentence=sentence, asked=bool(given), next_page=next_page,
        hits=[_shown(hit, desk, reader) for hit in found.hits],
    )  # fmt: skip
    return HTMLResponse(html, status)


def _shown(hit: Hit, desk: Desk, reader: Reader) -> ShownHit:
    words, clock = reader.words, reader.clock
    return ShownHit(
        hit.conversation_id, hit.message_id, person_name(hit.contact_name, None, words), channel_icon(hit.channel),
        words.known(f"channels.{hit.channel}", hit.channel), _said_by(hit, reader), clock.ago(hit.at),
        clock.full(hit.at), hit.language or "", pieces(hit.excerpt), tuple(_chips(hit, desk, reader)),
    )  # fmt: skip


def _said_by(hit: Hit, reader: Reader) -> str:
    words, name = reader.words, hit.author_name or reader.words("message.someone")
    if hit.visibility == Visibility.INTERNAL:
        return words("message.note_by", name=name)
    known = {Author.BOT: words("message.bot"), Author.SYSTEM: words("message.system"), Author.AGENT: name}
    return known.get(Author(hit.author), words("search.by_customer"))


def _chips(hit: Hit, desk: Desk, reader: Reader) -> list[Chip]:
    words = reader.words
    queues = {queue.key: queue.name for queue in desk.services.business.queues.queues}
    chips = [Chip(words(f"states.{hit.state}"))]
    if hit.queue_key is not None:
        chips.append(Chip(in_language(queues.get(hit.queue_key, {}), words.language) or hit.queue_key))
    if hit.intent is not None:
        chips.append(Chip(intent_name(hit.intent, words), "accent"))
    if hit.rating is not None:
        chips.append(Chip(words("search.rated", score=hit.rating), "bad" if hit.rating <= LOW_RATING else "ok"))
    return chips
