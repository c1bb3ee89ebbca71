"""The report on paper: one page that loads nothing and runs nothing, and its PDF where a browser prints it."""

import base64
import re
from functools import lru_cache

from fastapi import Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from crm_core.reporting import Report
from desk.assets import STATIC
from desk.pages import Pages
from desk.reader import Reader
from desk.report_views import cards
from desk.sections import menu
from desk.services import Desk, NoPrinter
from desk.steps_sheet import Sheet, sheet_context

STYLES = ("css/tokens.css", "css/base.css", "css/steps.css", "css/steps-print.css")
WITHIN_S = 20.0
_FILE = re.compile(r'url\("/static/([\w./-]+)"\)')


def printed(pages: Pages, sheet: Sheet, report: Report | None = None, *, is_whole: bool = False) -> str:
    """For a browser's own print. `is_whole`: with styles and fonts inside, to be read from a file."""
    words = sheet.paper.words
    head = running_head(f"{sheet.business.company.name} · {words('five_steps.title')}")
    return pages.render(
        "five_steps_print.html", words, **sheet_context(sheet), files=STYLES,
        styles=styles() + head if is_whole else "",
        cards=cards(report, words, WITHIN_S) if report else (),
        printed_at=sheet.paper.clock.full(sheet.paper.clock.now),
    )  # fmt: skip


@lru_cache(maxsize=1)
def styles() -> Markup:
    """Everything in one; the files are our own, hence trusted."""
    text = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in STYLES)
    return Markup(_FILE.sub(_inside, text))  # noqa: S704 - files of this repository


def running_head(text: str) -> Markup:
    """The line on top of every page, as a string of CSS that nothing in it can end (CSS Syntax 3, 4.3.7)."""
    escaped = "".join(each if each.isalnum() or each in " ·.,-" else f"\\{ord(each):06x}" for each in text)
    box = f'@page{{@top-left{{content:"{escaped}";font:9px "Inter Variable",system-ui;color:#5f6675}}}}'
    return Markup(box)  # noqa: S704 - letters, digits and escapes


def _inside(found: re.Match[str]) -> str:
    content = base64.b64encode((STATIC / found[1]).read_bytes()).decode()
    return f'url("data:font/woff2;base64,{content}")'


async def pdf_answer(desk: Desk, reader: Reader, sheet: Sheet) -> Response:
    """The file, or a page that says how to print without it."""
    try:
        content = await desk.services.to_pdf(printed(desk.pages, sheet, is_whole=True))
    except NoPrinter as error:
        html = desk.pages.render("five_steps_no_pdf.html", reader.words, menu=menu(reader, "five_steps"))
        return HTMLResponse(html, error.status)
    headers = {"Content-Disposition": 'inline; filename="five-steps.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
