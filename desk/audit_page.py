"""The audit trail for administrators: who did or read what, from where; and whether the chain holds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crm_core.access import Action, require_role
from crm_core.audit import PAGE, AuditAction, ChainVerdict, Entry, Wanted, audit_trail, verify_chain
from crm_core.contracts import Json, UserId
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.plain_text import storable
from crm_core.staff import names_of_staff
from desk.answers import problem_text, route_class
from desk.change import number_of
from desk.reader import Reader, require_reader
from desk.search_form import midnight
from desk.sections import menu
from desk.services import Desk
from desk.views import Option
from desk.words import Words

FIELDS = ("actor", "action", "object", "since", "until")
_CONVERSATION = re.compile(r"conversation:(\d+)")


@dataclass(frozen=True, slots=True)
class ShownEntry:
    id: int
    when: str
    when_full: str
    actor: str
    action: str
    object: str
    link: str
    source: str
    detail: str


def audit_routes(desk: Desk) -> APIRouter:
    """For administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/audit")
    async def show(request: Request) -> Response:
        reader = await require_reader(desk, request)
        require_role(reader.viewer, Action.ADMINISTER)
        asked = request.query_params
        given = {name: storable(asked.get(name, "")).strip() for name in FIELDS if asked.get(name, "").strip()}
        verdict = None
        if asked.get("check") == "1":
            async with unit_of_work(desk.services.sessions) as session:
                verdict = await verify_chain(session)
        return await _page(desk, reader, given, number_of(asked, "before") or None, verdict)

    return router


async def _page(
    desk: Desk, reader: Reader, given: Mapping[str, str], before: int | None, verdict: ChainVerdict | None
) -> Response:  # fmt: skip
    sentence, found = "", list[Entry]()
    async with unit_of_work(desk.services.sessions) as session:
        names = await names_of_staff(session)
        try:
            found = await audit_trail(session, reader.viewer, _wanted(given, reader), before)
        except InvalidInput as error:
            sentence = problem_text(reader.words, error)
    older = urlencode({**given, "before": found[-1].id}) if len(found) == PAGE else ""
    html = desk.pages.render(
        "audit.html", reader.words, menu=menu(reader, "audit"), given=given,
        entries=[_shown(entry, names, reader) for entry in found],
        actors=_actors(names, given), actions=_actions(given, reader.words), older=older, sentence=sentence,
        verdict=_verdict_text(verdict, reader.words), is_broken=verdict is not None and verdict.broken is not None,
    )  # fmt: skip
    return HTMLResponse(html, 422 if sentence else 200)


def _wanted(given: Mapping[str, str], reader: Reader) -> Wanted:
    """Raises UnreadableDate."""
    zone = reader.clock.zone
    return Wanted(
        given.get("actor"), given.get("action"), given.get("object"), midnight(given.get("since"), zone),
        midnight(given.get("until"), zone, days=1),
    )  # fmt: skip


def _actors(names: Mapping[UserId, str], given: Mapping[str, str]) -> list[Option]:
    return [
        Option(f"agent:{user_id}", name, given.get("actor") == f"agent:{user_id}") for user_id, name in names.items()
    ]  # fmt: skip


def _actions(given: Mapping[str, str], words: Words) -> list[Option]:
    return [Option(action, words(f"audit.{action}"), given.get("action") == action) for action in AuditAction]


def _verdict_text(verdict: ChainVerdict | None, words: Words) -> str:
    if verdict is None:
        return ""
    if verdict.broken is not None:
        return words("audit.broken", row=verdict.broken)
    return words("audit.holds", n=verdict.entries, head=f"{verdict.entries}:{verdict.head}")


def _shown(entry: Entry, names: Mapping[UserId, str], reader: Reader) -> ShownEntry:
    words, clock = reader.words, reader.clock
    thread = _CONVERSATION.fullmatch(entry.object or "")
    detail = " · ".join(f"{key}: {_plain(value)}" for key, value in sorted(entry.detail.items()))
    return ShownEntry(
        entry.id, clock.ago(entry.at), clock.full(entry.at), _name(entry.actor, names, words),
        words.known(f"audit.{entry.action}", entry.action), _named(entry.object or "", names, words),
        f"/desk/c/{thread[1]}" if thread else "", entry.source or "", detail,
    )  # fmt: skip


def _plain(value: Json) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _name(actor: str, names: Mapping[UserId, str], words: Words) -> str:
    kind, _, number = actor.partition(":")
    if kind in ("agent", "user") and number.isdigit():
        return names.get(UserId(int(number)), actor)
    if kind == "key":
        return f"{words('audit.the_key')} {number}"
    return words.known(f"audit.by_{kind}", actor)


def _named(subject: str, names: Mapping[UserId, str], words: Words) -> str:
    kind, _, number = subject.partition(":")
    if kind == "user":
        return _name(subject, names, words)
    return f"{words.known(f'audit.the_{kind}', kind)} {number}" if number else subject
