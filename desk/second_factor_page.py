"""One's own second factor: set it up with an app, keep the recovery codes, turn it off again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import segno
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.errors import Conflict
from crm_core.second_factor import (
    CodeOutcome,
    Enrolment,
    Person,
    begin_enrolment,
    check_code,
    confirm_enrolment,
    factor_state,
    pending_enrolment,
    renew_codes,
    turn_off,
)
from desk.answers import SECOND_FACTOR, problem_text, route_class
from desk.reader import Reader, require_change, require_reader
from desk.services import Desk

MOST_CODE_CHARACTERS = 40
_SECRET_GROUP = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the page beside its state; `codes` are seen this once."""

    problem: str = ""
    done: str = ""
    enrolment: Enrolment | None = None
    codes: Sequence[str] = ()
    status: int = 200

    @property
    def picture(self) -> Markup:
        """The address as a QR code; drawn here, so that the secret goes to nobody else."""
        assert self.enrolment is not None  # noqa: S101 - the page asks only where there is one
        drawn = segno.make(self.enrolment.address, error="m").svg_inline(omitsize=True, border=0, svgclass="qr")
        return Markup(drawn)  # noqa: S704 - shapes only

    @property
    def secret(self) -> str:
        whole = self.enrolment.secret if self.enrolment is not None else ""
        return " ".join(whole[start : start + _SECRET_GROUP] for start in range(0, len(whole), _SECRET_GROUP))


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what, with the code they gave."""

    reader: Reader
    person: Person
    code: str
    company: str
    key: bytes


Verb = Callable[[AsyncSession, Asked], Awaitable[Shown]]


def second_factor_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get(SECOND_FACTOR)
    async def show(request: Request) -> Response:
        return await _page(desk, await require_reader(desk, request, is_enrolling=True), Shown())

    @router.post(SECOND_FACTOR)
    async def change(request: Request) -> Response:
        reader, fields = await require_change(desk, request, is_enrolling=True)
        asked = await _asked(desk, reader, fields)
        verb = _VERBS.get(fields.get("verb", ""), _begin)
        try:
            async with unit_of_work(desk.services.sessions) as session:
                shown = await verb(session, asked)
        except Conflict as error:
            shown = Shown(problem_text(reader.words, error), status=error.status)
        return await _page(desk, reader, shown)

    return router


async def _asked(desk: Desk, reader: Reader, fields: Mapping[str, str]) -> Asked:
    person = Person(UserId(reader.viewer.user_id), reader.viewer.name)
    code = fields.get("code", "")[:MOST_CODE_CHARACTERS]
    return Asked(reader, person, code, desk.services.business.company.name, desk.services.key)


async def _begin(session: AsyncSession, asked: Asked) -> Shown:
    begun = await begin_enrolment(session, asked.reader.now, asked.person, asked.company, asked.key)
    return Shown(enrolment=begun)


async def _confirm(session: AsyncSession, asked: Asked) -> Shown:
    codes = await confirm_enrolment(session, asked.reader.now, asked.person.user_id, asked.code, asked.key)
    if codes is not None:
        return Shown(done=asked.reader.words("second_factor.turned_on"), codes=codes)
    begun = await pending_enrolment(session, asked.person, asked.company, asked.key)
    return Shown(asked.reader.words("second_factor.wrong_first"), enrolment=begun, status=422)


async def _renew(session: AsyncSession, asked: Asked) -> Shown:
    refused = await _refused(session, asked)
    if refused is not None:
        return refused
    codes = await renew_codes(session, asked.reader.now, asked.person.user_id, asked.key)
    return Shown(done=asked.reader.words("second_factor.renewed"), codes=codes)


async def _turn_off(session: AsyncSession, asked: Asked) -> Shown:
    refused = await _refused(session, asked)
    if refused is not None:
        return refused
    await turn_off(session, asked.reader.now, asked.person.user_id)
    return Shown(done=asked.reader.words("second_factor.turned_off"))


async def _refused(session: AsyncSession, asked: Asked) -> Shown | None:
    """A stolen session alone changes nothing: a code is asked for again."""
    outcome = await check_code(session, asked.reader.now, asked.person.user_id, asked.code, asked.key)
    if outcome.is_right:
        return None
    too_many = outcome is CodeOutcome.TOO_MANY
    text = asked.reader.words("second_factor.too_many" if too_many else "second_factor.wrong")
    return Shown(text, status=429 if too_many else 422)


_VERBS: Mapping[str, Verb] = {"begin": _begin, "confirm": _confirm, "renew": _renew, "off": _turn_off}


async def _page(desk: Desk, reader: Reader, shown: Shown) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        state = await factor_state(session, reader.viewer.user_id)
    must = reader.lacks_factor and not state.is_on
    html = desk.pages.render(
        "second_factor.html", reader.words, csrf=reader.csrf_token, shown=shown, state=state, must=must
    )  # fmt: skip
    return HTMLResponse(html, shown.status)
