"""A reply as fax pages: text drawn black on white, kept in a PDF as a fax machine would."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1654, 2339  # A4 at 200 dots an inch
MARGIN, SIZE, LEADING = 150, 36, 54
MOST_PAGES = 20
BLACK, WHITE = 0, 255


@dataclass(frozen=True, slots=True)
class Faces:
    """One font file an alphabet; the last one takes what none of them has."""

    cyrillic: Path
    latin: Path


class FaxPrinter:
    """Draws text; the fonts are read once."""

    def __init__(self, faces: Faces) -> None:
        self._cyrillic = ImageFont.truetype(str(faces.cyrillic), SIZE)
        self._latin = ImageFont.truetype(str(faces.latin), SIZE)

    def pdf(self, heading: str, text: str) -> bytes:
        """`heading` once, then `text`, on as many pages as it takes."""
        lines = [line for paragraph in (heading, "", *text.split("\n")) for line in self._wrapped(paragraph)]
        per_page = (HEIGHT - 2 * MARGIN) // LEADING
        parts = [lines[start : start + per_page] for start in range(0, len(lines), per_page)][:MOST_PAGES]
        first, *others = [self._page(part) for part in parts]
        kept = io.BytesIO()
        first.save(kept, "PDF", resolution=200.0, save_all=True, append_images=others)
        return kept.getvalue()

    def _page(self, lines: Sequence[str]) -> Image.Image:
        page = Image.new("L", (WIDTH, HEIGHT), WHITE)
        pen = ImageDraw.Draw(page)
        for number, line in enumerate(lines):
            x, y = float(MARGIN), MARGIN + number * LEADING
            for run, font in self._runs(line):
                pen.text((x, y), run, font=font, fill=BLACK)
                x += font.getlength(run)
        return page.convert("1", dither=Image.Dither.NONE)

    def _runs(self, line: str) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
        """Stretches of one alphabet: each font has only its own."""
        start = 0
        for end in range(1, len(line) + 1):
            if end == len(line) or _is_cyrillic(line[end]) != _is_cyrillic(line[start]):
                yield line[start:end], self._cyrillic if _is_cyrillic(line[start]) else self._latin
                start = end

    def _width(self, line: str) -> float:
        return sum(font.getlength(run) for run, font in self._runs(line))

    def _wrapped(self, paragraph: str) -> list[str]:
        lines = [""]
        for word in paragraph.split():
            longer = f"{lines[-1]} {word}".strip()
            if self._width(longer) <= WIDTH - 2 * MARGIN:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines


def _is_cyrillic(character: str) -> bool:
    return "\u0400" <= character <= "\u052f"
