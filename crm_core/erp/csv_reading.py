"""A CSV file as headings and numbered rows, whatever program has written it."""

import csv
import io
import re
from dataclasses import dataclass

DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Problem:
    """`file:line: what is wrong; what to do`. A remark does not keep a row out."""

    file: str
    line: int
    sentence: str
    is_remark: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headings in small letters with underscores, and rows with the line each begins in."""

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


class UnreadableFile(ValueError):
    """Nothing of the file can be used."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line, self.sentence = line, sentence


def read_sheet(content: bytes) -> Sheet:
    """UTF-8 with or without BOM; comma, semicolon or tab. Raises UnreadableFile."""
    text = _decoded(content)
    first_line = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, tuple[str, ...]]] = []
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begins, tuple(cell.strip() for cell in cells)))
            begins = reader.line_num + 1
    except csv.Error as error:
        sentence = "a quotation mark is opened and not closed again; close it, or double it inside a text"
        raise UnreadableFile(begins, sentence) from error
    if not rows:
        raise UnreadableFile(1, "the file is empty; its first line must hold the headings")
    headings = tuple(re.sub(r"[\s-]+", "_", cell.lower()) for cell in rows[0][1])
    return Sheet(headings, tuple(rows[1:]))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableFile(line, "the file is not in UTF-8; save it as “CSV UTF-8” and try again") from error
