"""A page of ours as PDF, printed by the Chromium that is on the machine."""

import asyncio
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from desk.services import NoPrinter

log = structlog.get_logger(__name__)

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PREFIX, PRINT_S = "switchboard-print-", 40.0
# The sandbox needs rights that containers rarely give; the page is our own, and its policy lets nothing run or load.
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--no-pdf-header-footer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Printer:
    """`program` None: looked for on the path. One page at a time."""

    program: Path | None = None
    most_s: float = PRINT_S
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False, repr=False)  # a browser takes 200 MB

    @property
    def found(self) -> str | None:
        if self.program is not None:
            return shutil.which(self.program)
        return next((found for name in NAMES if (found := shutil.which(name))), None)

    async def to_pdf(self, page: str) -> bytes:
        """`page` is whole: it loads nothing. Raises NoPrinter."""
        program = self.found
        if program is None:
            raise NoPrinter("No Chromium was found; set SWITCHBOARD_CHROMIUM to where it is.")
        async with self.turn:
            with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
                return await self._printed(program, Path(name), page)

    async def _printed(self, program: str, folder: Path, page: str) -> bytes:
        await asyncio.to_thread((folder / "page.html").write_text, page, encoding="utf-8")
        await self._print(program, folder)
        return await asyncio.to_thread(_read, folder / "page.pdf")

    async def _print(self, program: str, folder: Path) -> None:
        process = await asyncio.create_subprocess_exec(
            program, *ARGUMENTS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={folder / 'page.pdf'}",
            (folder / "page.html").as_uri(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.most_s):
                await process.wait()
        except TimeoutError as error:
            log.warning("printing.timed_out", after_s=self.most_s)
            raise NoPrinter("Chromium took too long.") from error
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        log.warning("printing.failed")
        raise NoPrinter("Chromium printed nothing.") from error
