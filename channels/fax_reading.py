"""What stands on a fax: pages drawn by a process of their own, read by tesseract, each with its time."""

import asyncio
import re
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from channels.fax_pages import LENGTH

DRAW_S, READ_S = 10.0, 15.0  # of one whole fax; together less than the lease of a job
LANGUAGES = {"en": "eng", "ru": "rus", "es": "spa"}
MOST_CHARACTERS = 18_000
LEAST_LETTERS = 4  # less is dust on the glass
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class FaxRead:
    """`pages` are PNGs. `is_whole` is False when something could not be drawn or read in time."""

    pages: tuple[bytes, ...] = ()
    text: str = ""
    is_whole: bool = True

    @property
    def is_blank(self) -> bool:
        return sum(character.isalnum() for character in self.text) < LEAST_LETTERS


def tesseract() -> str | None:
    """Where tesseract is; None where nobody has installed it."""
    return shutil.which("tesseract")


async def read_fax(documents: Sequence[bytes], languages: Sequence[str]) -> FaxRead:
    """Never raises for what is in the documents: what cannot be read is left to a person."""
    pages: list[bytes] = []
    is_whole, deadline = True, time.monotonic() + DRAW_S
    for document in documents:
        drawn, is_complete = await _draw(document, deadline - time.monotonic())
        pages += drawn
        is_whole = is_whole and is_complete
    texts, is_complete = await _read(pages, languages)
    text = "\n\n".join(text for text in texts if text)
    return FaxRead(tuple(pages), text[:MOST_CHARACTERS], is_whole and is_complete and len(text) <= MOST_CHARACTERS)


async def _draw(document: bytes, patience_s: float) -> tuple[list[bytes], bool]:
    """The pages that came out, and whether the process ended well."""
    command = (sys.executable, "-m", "channels.fax_pages")
    told, ended_well = await _run(command, document, patience_s)
    return _split(told), ended_well


def _split(told: bytes) -> list[bytes]:
    pages, start = [], 0
    while start + LENGTH.size <= len(told):
        (length,) = LENGTH.unpack_from(told, start)
        start += LENGTH.size
        if start + length <= len(told):
            pages.append(told[start : start + length])
        start += length
    return pages


async def _read(pages: Sequence[bytes], languages: Sequence[str]) -> tuple[list[str], bool]:
    program = tesseract()
    if program is None:
        return [], False
    known = "+".join(LANGUAGES[language] for language in languages if language in LANGUAGES) or "eng"
    texts, is_whole, deadline = [], True, time.monotonic() + READ_S
    for page in pages:
        command = (program, "stdin", "stdout", "-l", known, "--dpi", "200")
        told, ended_well = await _run(command, page, deadline - time.monotonic())
        texts.append(tidied(told.decode(errors="replace")))
        is_whole = is_whole and ended_well
    return texts, is_whole


def tidied(text: str) -> str:
    """Without the form feed tesseract ends a page with, and without runs of blanks and empty lines."""
    lines = (
        re.sub(r"[^\S\n]+", " ", line).strip() for line in text.replace("\x0c", "\n").replace("\x00", "").split("\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


async def _run(command: Sequence[str], given: bytes, patience_s: float) -> tuple[bytes, bool]:
    """What the program said, and whether it ended well; killed when its time is up."""
    if patience_s <= 0:
        return b"", False
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT, env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(patience_s):
            told, _ = await process.communicate(given)
    except TimeoutError:
        return b"", False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return told, process.returncode == 0


async def known_languages() -> frozenset[str]:
    """What the tesseract of this machine can read: “eng”, “rus” …; nothing where there is none."""
    program = tesseract()
    told, _ = await _run((program, "--list-langs"), b"", DRAW_S) if program is not None else (b"", False)
    return frozenset(told.decode(errors="replace").split("\n")[1:])
