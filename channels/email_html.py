"""Formatted mail: made harmless for the agent's eyes, and turned into plain words for everything else."""

import html
import re

import nh3

LONGEST_HTML = 100_000
_TAG_NAMES = (
    "a abbr b big center cite code del em font i ins q s small span strike strong sub sup u"
    " blockquote br div h1 h2 h3 h4 h5 h6 hr img p pre dl dt dd li ol ul"
    " caption col colgroup table tbody td tfoot th thead tr"
)
TAGS = frozenset(_TAG_NAMES.split())
ATTRIBUTES = {
    "a": {"href", "title"}, "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"}, "table": {"width", "align"}, "*": {"dir", "lang"},
}  # fmt: skip
SCHEMES = {"https", "http", "mailto", "tel", "cid"}
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote|/table|hr)\b[^>]*>", re.IGNORECASE)
_QUOTE = re.compile(r"<(/?)blockquote\b[^>]*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SPACES, _LINES = re.compile(r"[ \t\xa0]+"), re.compile(r"\n{3,}")


def clean_html(markup: str) -> str:
    """What may be shown in the frame: no script, form, style or remote sheet; pictures keep their address."""
    return str(nh3.clean(
        markup[:LONGEST_HTML], tags=set(TAGS), attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=SCHEMES, link_rel="noopener noreferrer nofollow",
        clean_content_tags={"script", "style", "title", "head", "noscript", "template", "iframe", "svg", "math"},
    ))  # fmt: skip


def text_of(markup: str) -> str:
    """The words of cleaned `markup`; what it quotes stands behind `>`."""
    flat = markup.replace("\r", "").replace("\n", " ")
    lines, depth = list[str](), 0
    for number, piece in enumerate(_QUOTE.split(flat)):
        if number % 2:  # the slash of a blockquote tag, or nothing
            depth = max(0, depth - 1) if piece else depth + 1
            continue
        said = _plain(piece)
        lines += [f"{'>' * depth} {line}".rstrip() for line in said.split("\n")] if depth else [said]
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def _plain(markup: str) -> str:
    broken = _CELL.sub("\t", _BREAKS.sub("\n", markup))
    words = html.unescape(_TAG.sub("", broken))
    return "\n".join(_SPACES.sub(" ", line).strip() for line in words.split("\n")).strip("\n")
