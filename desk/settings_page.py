"""Settings that stand in documents: each kind listed, one entry as a form, its versions, the way back to the file."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.access import Action, require_role
from crm_core.contracts import JsonObject
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.settings_store import Version, content_of, newest_version, versions
from desk.answers import problem_text, route_class
from desk.change import number_of
from desk.forms import Group, WrongField, as_written, label_of
from desk.reader import require_change, require_reader
from desk.sections import menu
from desk.services import Desk
from desk.settings_company import COMPANY
from desk.settings_file import as_yaml, dumped
from desk.settings_hours import HOURS, SLA
from desk.settings_kinds import Kind, Seat
from desk.settings_queues import QUEUES
from desk.settings_saving import NEW, base_of, deed_of, save, to_file, to_version
from desk.settings_texts import CONSENTS, DISPOSITIONS, MACROS

KINDS = (COMPANY, QUEUES, HOURS, SLA, MACROS, DISPOSITIONS, CONSENTS)
Key = Annotated[str, Path(pattern="^[a-z][a-z0-9_]*$", max_length=60)]
Written = dict[str, str]


def settings_routes(desk: Desk) -> APIRouter:
    """For administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))
    for kind in KINDS:
        _add_document(router, desk, kind)
        if kind.blank is not None:
            _add_entries(router, desk, kind)
    return router


async def seat_of(desk: Desk, request: Request) -> Seat:
    """Raises Forbidden."""
    reader = await require_reader(desk, request)
    require_role(reader.viewer, Action.ADMINISTER)
    return Seat(desk, reader)


async def changing_seat(desk: Desk, request: Request) -> tuple[Seat, Written]:
    """Raises Forbidden."""
    reader, fields = await require_change(desk, request)
    require_role(reader.viewer, Action.ADMINISTER)
    return Seat(desk, reader), fields


def _add_document(router: APIRouter, desk: Desk, kind: Kind) -> None:
    @router.get(f"{kind.href}.yml")
    async def as_file(request: Request) -> Response:
        return await file_answer(await seat_of(desk, request), kind, number_of(request.query_params, "version"))

    @router.get(kind.href)
    async def show(request: Request) -> Response:
        seat = await seat_of(desk, request)
        return await document_page(seat, kind, saved=request.query_params.get("saved") == "1")

    @router.post(kind.href)
    async def change(request: Request) -> Response:
        seat, fields = await changing_seat(desk, request)
        deeds = {"file": to_file, "version": to_version}
        deed = deeds.get(fields.get("verb", ""), save)
        try:
            await deed(seat, kind, fields)
        except (Conflict, InvalidInput, NotFound) as error:
            return await document_page(seat, kind, told=(error, fields))
        return RedirectResponse(f"{kind.href}?saved=1", 303)


async def file_answer(seat: Seat, kind: Kind, version: int) -> Response:
    """What holds, or an earlier version. Raises NotFound."""
    content = seat.desk.services.business.sources.raw(kind.document).model_dump(mode="json", exclude_defaults=True)
    if version:
        async with unit_of_work(seat.desk.services.sessions) as session:
            content = await content_of(session, seat.reader.viewer, kind.document, version)
    headers = {"Content-Disposition": f'attachment; filename="{kind.document}.yml"'}
    text = as_yaml(kind.document, content)
    return Response(text, media_type="text/yaml; charset=utf-8", headers=headers)


def _add_entries(router: APIRouter, desk: Desk, kind: Kind) -> None:
    @router.get(f"{kind.href}/{{key}}")
    async def show(request: Request, key: Key) -> Response:
        return await _entry_page(await seat_of(desk, request), kind, key)

    @router.post(f"{kind.href}/{{key}}")
    async def change(request: Request, key: Key) -> Response:
        seat, fields = await changing_seat(desk, request)
        try:
            await deed_of(fields)(seat, kind, fields | {"key_of": key})
        except (Conflict, InvalidInput) as error:
            return await _entry_page(seat, kind, key, (error, fields))
        return RedirectResponse(f"{kind.href}?saved=1", 303)


Told = tuple[Conflict | InvalidInput | NotFound, Written]


async def document_page(seat: Seat, kind: Kind, *, saved: bool = False, told: Told | None = None) -> Response:
    """The list of entries, or the form of a document without any."""
    desk, reader = seat.desk, seat.reader
    content = dumped(desk.services.business.sources.raw(kind.document))
    entries = kind.entries(content)
    is_list = kind.blank is not None
    groups = () if is_list else _groups(seat, kind, entries[0], told)
    found, base = await _history(seat, kind, told)
    html = desk.pages.render(
        "settings.html", reader.words, menu=menu(reader, kind.key), csrf=reader.csrf_token, kind=kind, base=base,
        lines=[(str(each.get("key")), kind.line(seat, each)) for each in entries] if is_list else [], groups=groups,
        is_edited=kind.document in desk.services.business.sources.held, versions=found, ago=reader.clock.ago,
        full=reader.clock.full, saved=saved, problem=problem_of(seat, kind.key, told),
    )  # fmt: skip
    return HTMLResponse(html, told[0].status if told else 200)


async def _history(seat: Seat, kind: Kind, told: Told | None) -> tuple[list[Version], int]:
    async with unit_of_work(seat.desk.services.sessions) as session:
        found = await versions(session, seat.reader.viewer, kind.document)
        return found, base_of(await newest_version(session, kind.document), told)


async def _entry_page(seat: Seat, kind: Kind, key: str, told: Told | None = None) -> Response:
    desk, reader = seat.desk, seat.reader
    entry = found_entry(seat, kind, key)
    async with unit_of_work(desk.services.sessions) as session:
        base = base_of(await newest_version(session, kind.document), told)
    html = desk.pages.render(
        "setting.html", reader.words, menu=menu(reader, kind.key), csrf=reader.csrf_token, kind=kind, key=key,
        title=kind.line(seat, entry).title if key != NEW else reader.words(f"settings.{kind.key}.new"),
        groups=_groups(seat, kind, entry, told), steps=kind.steps(seat, entry), is_new=key == NEW, base=base,
        problem=problem_of(seat, kind.key, told),
    )  # fmt: skip
    return HTMLResponse(html, told[0].status if told else 200)


def found_entry(seat: Seat, kind: Kind, key: str) -> JsonObject:
    """Raises NotFound."""
    if key == NEW and kind.blank is not None:
        return kind.blank
    content = dumped(seat.desk.services.business.sources.raw(kind.document))
    found = next((each for each in kind.entries(content) if each.get("key") == key), None)
    if found is None:
        raise NotFound("There is no such entry.")
    return found


def _groups(seat: Seat, kind: Kind, entry: JsonObject, told: Told | None) -> tuple[Group, ...]:
    groups = kind.form(seat, entry)
    return as_written(groups, told[1]) if told else groups


def problem_of(seat: Seat, section: str, told: Told | None) -> str:
    """The sentence above the form."""
    words = seat.reader.words
    if told is None:
        return ""
    error = told[0]
    if isinstance(error, WrongField):
        rule = words.known(f"settings.rules.{error.rule}", words("settings.rules.any"))
        return words("settings.wrong", field=label_of(words, section, error.name), rule=rule)
    return problem_text(words, error)
