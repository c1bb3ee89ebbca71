"""Templates to HTML: autoescaped, strict about names, with icons and hashed addresses of static files."""

import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from desk.assets import Assets
from desk.words import Words

FOLDER = Path(__file__).parent
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BETWEEN = re.compile(r"\s*\n\s*")


def read_icons(directory: Path = FOLDER / "icons") -> dict[str, Markup]:
    """Every icon as inline SVG that a screen reader passes over; the files are our own, hence trusted."""
    return {path.stem: _icon(path.read_text(encoding="utf-8")) for path in directory.glob("*.svg")}


def _icon(svg: str) -> Markup:
    plain = _BETWEEN.sub(" ", _COMMENT.sub("", svg)).strip().replace("<svg", '<svg aria-hidden="true"', 1)
    return Markup(plain)  # noqa: S704 - a file of this repository


class Pages:
    """Renders the templates of one company's desk; its name may change meanwhile."""

    def __init__(self, company: Callable[[], str]) -> None:
        self._company = company
        self._icons = read_icons()
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.globals.update(asset=Assets().url, icon=self._icons.__getitem__)

    def render(self, template: str, words: Words, **context: object) -> str:
        """`t` in the template is the reader's catalogue."""
        return self._environment.get_template(f"desk/{template}").render(t=words, company=self._company(), **context)
