"""Faxes as a machine sends them: black and white, in a TIFF with as many pages as there are texts."""

import io
import shutil

import pytest
from PIL import Image

from channels.fax_writing import Faces, FaxPrinter
from config.settings import ROOT

FONTS = ROOT / "desk" / "static" / "vendor" / "inter"
PRINTER = FaxPrinter(Faces(FONTS / "inter-cyrillic-wght-normal.woff2", FONTS / "inter-latin-wght-normal.woff2"))
needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="tesseract is not installed: run bin/ensure-ocr"
)


def a_tiff(*texts: str, dense: bool = True) -> bytes:
    """Group 4, 204 by 196 dots an inch; not `dense`: 204 by 98, as old machines send."""
    pages = [PRINTER._page(text.split("\n")) for text in texts]
    if not dense:
        pages = [page.resize((page.width, page.height // 2), Image.Resampling.NEAREST) for page in pages]
    kept = io.BytesIO()
    first, *others = pages
    first.save(kept, "TIFF", compression="group4", dpi=(204, 196 if dense else 98), save_all=True, append_images=others)
    return kept.getvalue()
