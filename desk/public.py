"""The company's sample shop page at `/`: what a customer sees, with the chat in its corner."""

from dataclasses import dataclass
from pathlib import Path

from babel import Locale, negotiate_locale
from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.business import Business
from config.documents import read_yaml
from desk.assets import Assets

FOLDER = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


@dataclass(frozen=True, slots=True)
class LanguageLink:
    code: str
    name: str


def public_router(business: Business) -> APIRouter:
    """The page hosts the first chat inbox."""
    company, inbox_key = business.company, business.channels.widgets[0].key
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(asset=Assets().url, company=company, inbox_key=inbox_key)
    words = read_yaml((FOLDER / "templates" / "public" / "shop.yml").read_text(encoding="utf-8"))
    links = [LanguageLink(code, Locale(code).languages[code].capitalize()) for code in company.languages]
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def shop(request: Request, lang: str = "") -> Response:
        language = chosen_language(company.languages, lang, request.headers.get("accept-language", ""))
        html = environment.get_template("public/shop.html").render(t=words[language], language=language, links=links)
        return Response(html, 200, {**HEADERS, "Content-Language": language}, "text/html; charset=utf-8")

    return router


def chosen_language(offered: list[str], asked: str, accepted: str) -> str:
    """The one asked for, else the best of an Accept-Language header (RFC 9110 section 12.5.4), else the first."""
    if asked in offered:
        return asked
    wishes = sorted((_wish(part) for part in accepted[:500].split(",")), key=lambda wish: -wish[1])
    wanted = [tag for tag, weight in wishes if weight > 0]
    return negotiate_locale(wanted, offered, sep="-") or offered[0]


def _wish(part: str) -> tuple[str, float]:
    tag, _, parameters = part.partition(";")
    _, _, weight = parameters.partition("q=")
    try:
        return tag.strip().lower(), float(weight) if weight else 1.0
    except ValueError:
        return tag.strip().lower(), 0.0
