"""The pages beyond the inbox, in areas: looking after the work, learning it, setting it up. A new page is a line."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from crm_core.access import Action, allows
from crm_core.errors import Forbidden
from crm_core.states import Role
from desk.answers import route_class
from desk.reader import Reader, require_reader
from desk.services import Desk
from desk.words import Words


@dataclass(frozen=True, slots=True)
class Section:
    """A page with its place in the column of its area; `text_key` is of the catalogue."""

    key: str
    href: str
    icon: str
    text_key: str
    ability: Action


@dataclass(frozen=True, slots=True)
class Area:
    """`href` opens the first section that a role may open."""

    href: str
    icon: str
    text_key: str
    sections: tuple[Section, ...]

    def open_to(self, role: Role) -> tuple[Section, ...]:
        return tuple(one for one in self.sections if one.ability is Action.READ or allows(role, one.ability))


OVERSIGHT = Area("/desk/oversight", "gauge", "areas.oversight", (
    Section("wallboard", "/desk/wallboard", "gauge", "reports.wallboard", Action.REPORT),
    Section("reports", "/desk/reports", "chart-column", "reports.title", Action.REPORT),
    Section("planning", "/desk/planning", "trending-up", "planning.title", Action.PLAN),
    Section("roster", "/desk/roster", "calendar-clock", "roster.title", Action.PLAN),
    Section("five_steps", "/desk/five-steps/economics", "footprints", "five_steps.title", Action.SUPERVISE),
    Section("quality", "/desk/quality", "star", "quality.title", Action.READ),
    Section("review", "/desk/review", "list-checks", "review.title", Action.SUPERVISE),
    Section("trouble", "/desk/trouble", "triangle-alert", "trouble.title", Action.SUPERVISE),
    Section("audit", "/desk/audit", "scroll-text", "audit.title", Action.ADMINISTER),
))  # fmt: skip
ADMINISTRATION = Area("/desk/admin", "settings", "areas.administration", (
    Section("start", "/desk/admin/start", "rocket", "start.title", Action.ADMINISTER),
    Section("company", "/desk/admin/company", "building-2", "settings.company.title", Action.ADMINISTER),
    Section("people", "/desk/admin/people", "users", "people.title", Action.ADMINISTER),
    Section("sign_in", "/desk/admin/sign-in", "shield-check", "sign_in.title", Action.ADMINISTER),
    Section("queues", "/desk/admin/queues", "route", "settings.queues.title", Action.ADMINISTER),
    Section("hours", "/desk/admin/hours", "calendar-clock", "settings.hours.title", Action.ADMINISTER),
    Section("sla", "/desk/admin/sla", "timer", "settings.sla.title", Action.ADMINISTER),
    Section("channels", "/desk/admin/channels", "plug", "connections.channels", Action.ADMINISTER),
    Section("erp", "/desk/admin/erp", "database", "connections.erp", Action.ADMINISTER),
    Section("flows", "/desk/admin/flows", "workflow", "connections.flows", Action.ADMINISTER),
    Section("macros", "/desk/admin/macros", "zap", "settings.macros.title", Action.ADMINISTER),
    Section("dispositions", "/desk/admin/dispositions", "tag", "settings.dispositions.title", Action.ADMINISTER),
    Section("consents", "/desk/admin/consents", "handshake", "settings.consents.title", Action.ADMINISTER),
    Section("retention", "/desk/admin/retention", "shredder", "settings.retention.title", Action.ADMINISTER),
    Section("keys", "/desk/admin/keys", "key-round", "api_keys.title", Action.ADMINISTER),
    Section("webhooks", "/desk/admin/webhooks", "webhook", "webhooks.title", Action.ADMINISTER),
))  # fmt: skip
SELLING = Area("/desk/selling", "handshake", "areas.selling", (
    Section("leads", "/desk/leads", "kanban", "leads.title", Action.SELL),
    Section("sales", "/desk/sales", "trending-up", "sales.title", Action.REPORT),
    Section("customers", "/desk/customers", "users", "customers.title", Action.REPORT),
    Section("campaigns", "/desk/campaigns", "megaphone", "campaigns.title", Action.CAMPAIGN),
))  # fmt: skip
LEARNING = Area("/desk/learning", "graduation-cap", "areas.learning", (
    Section("practice", "/desk/practice", "graduation-cap", "practice.title", Action.READ),
    Section("first_day", "/desk/first-day", "sun", "first_day.title", Action.READ),
    Section("training", "/desk/training", "users", "training.title", Action.TRAIN),
))  # fmt: skip
AREAS = (SELLING, OVERSIGHT, LEARNING, ADMINISTRATION)
SEARCH = Section("search", "/desk/search", "search", "search.title", Action.READ)


@dataclass(frozen=True, slots=True)
class MenuItem:
    href: str
    icon: str
    text: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Menu:
    """The column beside a page; who may open one page of an area needs none."""

    title: str
    items: tuple[MenuItem, ...]


def menu(reader: Reader, key: str) -> Menu:
    """Around the page of this key."""
    area = next(area for area in AREAS if any(one.key == key for one in area.sections))
    found = area.open_to(reader.viewer.role)
    return Menu(
        reader.words(area.text_key),
        _items(found, key, reader.words) if len(found) > 1 else (),
    )


def _items(sections: Sequence[Section], key: str, words: Words) -> tuple[MenuItem, ...]:
    return tuple(MenuItem(one.href, one.icon, words(one.text_key), one.key == key) for one in sections)


def rail_links(role: Role) -> tuple[Section | Area, ...]:
    """One link an area; where this role may open one page only, that page's own."""
    found: list[Section | Area] = [SEARCH]
    for area in AREAS:
        sections = area.open_to(role)
        found += [area] if len(sections) > 1 else sections
    return tuple(found)


def area_routes(desk: Desk) -> APIRouter:
    """Each area's own address leads to its first page."""
    router = APIRouter(route_class=route_class(desk))
    for area in AREAS:
        _add_entrance(router, desk, area)
    return router


def _add_entrance(router: APIRouter, desk: Desk, area: Area) -> None:
    @router.get(area.href)
    async def enter(request: Request) -> Response:
        sections = area.open_to((await require_reader(desk, request)).viewer.role)
        if not sections:
            raise Forbidden("Your role does not allow this; ask an administrator.")
        return RedirectResponse(sections[0].href, 303)
