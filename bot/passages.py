"""The company's documents in Markdown, cut by headings into passages of plain text that stand alone in a chat."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from config.documents import DocumentError, read_text

MOST_CHARACTERS = 1_000

_HEADING = re.compile(r"(#{1,6})[ \t]+(.+)")
_ALSO = re.compile(r"<!--\s*also:(.*?)-->", re.DOTALL)
_REMARK = re.compile(r"<!--.*?-->", re.DOTALL)
_REFUSED = (
    (re.compile(r"\s*\|"), "a table cannot be shown in a chat; write it as a list or as sentences"),
    (re.compile(r".*!\["), "a picture cannot be shown in a chat answer; describe it or link to a page"),
    (re.compile(r".*<(?!https?://)[A-Za-z/]"), "HTML would be shown as it stands; write plain Markdown"),
    (re.compile(r"\s*```"), "a code block cannot be shown in a chat; write sentences"),
)
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
_BARE_LINK = re.compile(r"<(https?://[^>\s]+)>")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")
_BULLET = re.compile(r"^\s*[-*+][ \t]+")
_NUMBERED = re.compile(r"\s*\d{1,3}[.)][ \t]+")


@dataclass(frozen=True, slots=True)
class Section:
    """One answer. `also` holds other wordings customers use, which are searched and never shown."""

    source: str
    document: str
    title: str
    text: str
    also: str = ""


@dataclass
class _Draft:
    title: str
    line: int
    lines: list[str] = field(default_factory=list)


def read_sections(directory: Path) -> list[Section]:
    """All passages of `*.md` in `directory`, by file name; none when there is no such directory.

    Raises DocumentError, with file and line, for a file that cannot be used.
    """
    return [section for path in sorted(directory.glob("*.md")) for section in read_file(path)]


def read_words(path: Path) -> list[str]:
    """The lines of a list of words, which need not be there; empty ones and remarks (#) are left out."""
    lines = read_text(path).split("\n") if path.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def read_file(path: Path) -> Iterator[Section]:
    """`# Title` names the document; every `## Heading` begins a passage."""
    lines = _remarks_blanked(path, read_text(path)).split("\n")
    document, drafts = _cut(path, lines)
    seen: set[str] = set()
    for draft in drafts:
        if draft.title.casefold() in seen:
            raise DocumentError(path, draft.line, f"the heading “{draft.title}” stands twice")
        seen.add(draft.title.casefold())
        yield _section(path, document, draft)


def _remarks_blanked(path: Path, text: str) -> str:
    """Comments other than `also:` are dropped, their line breaks kept so that line numbers stay true."""
    without = _REMARK.sub(lambda found: found[0] if _ALSO.fullmatch(found[0]) else "\n" * found[0].count("\n"), text)
    unclosed = _REMARK.sub(lambda found: "\n" * found[0].count("\n"), text).find("<!--")
    if unclosed >= 0:
        line = _REMARK.sub(lambda found: "\n" * found[0].count("\n"), text)[:unclosed].count("\n") + 1
        raise DocumentError(path, line, "the comment is not closed with -->")
    return without


def _cut(path: Path, lines: list[str]) -> tuple[str, list[_Draft]]:
    document, drafts = "", list[_Draft]()
    for number, line in enumerate(lines, 1):
        heading = _HEADING.fullmatch(line.rstrip())
        if heading is None:
            _take_line(path, number, line, drafts)
        elif heading[1] == "##" and document:
            drafts.append(_Draft(_plain(heading[2]), number))
        elif heading[1] == "#" and not document:
            document = _plain(heading[2])
        else:
            raise DocumentError(path, number, "write one “# Title” at the top and “## Heading” before each passage")
    if not drafts:
        raise DocumentError(path, 1, "there is no passage; write “# Title”, then “## Heading” and its answer")
    return document, drafts


def _take_line(path: Path, number: int, line: str, drafts: list[_Draft]) -> None:
    if drafts:
        for pattern, problem in _REFUSED:
            if pattern.match(line):
                raise DocumentError(path, number, problem)
        drafts[-1].lines.append(line)
    elif line.strip():
        raise DocumentError(path, number, "text stands before the first “## Heading”; give it a heading")


def _section(path: Path, document: str, draft: _Draft) -> Section:
    raw = "\n".join(draft.lines)
    also = " ".join(" ".join(found.split()) for found in _ALSO.findall(raw))
    text = plain_text(_ALSO.sub("", raw))
    if not text:
        raise DocumentError(path, draft.line, f"“{draft.title}” has no text")
    if len(text) > MOST_CHARACTERS:
        raise DocumentError(
            path, draft.line,
            f"“{draft.title}” has {len(text)} characters; {MOST_CHARACTERS} are the most: split it by another heading",
        )  # fmt: skip
    return Section(path.stem, document, draft.title, text, also)


def plain_text(markdown: str) -> str:
    """For a chat: wrapped lines joined, list items on lines of their own, links as `text (address)`, no marks."""
    paragraphs: list[str] = []
    joins = False
    for line in markdown.split("\n"):
        if not line.strip():
            joins = False
            continue
        if _BULLET.match(line) or _NUMBERED.match(line) or not joins:
            paragraphs.append(_BULLET.sub("• ", line, count=1).strip())
        else:
            paragraphs[-1] += " " + line.strip()
        joins = True
    return "\n".join(_plain(paragraph) for paragraph in paragraphs)


def _plain(text: str) -> str:
    text = _LINK.sub(lambda found: found[1] if found[1] in found[2] else f"{found[1]} ({found[2]})", text)
    for pattern, kept in ((_BARE_LINK, r"\1"), (_STRONG, r"\2"), (_EMPHASIS, r"\2"), (_CODE, r"\1")):
        text = pattern.sub(kept, text)
    return text.strip()
