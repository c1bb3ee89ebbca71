"""A faxed document as pages. Runs as a process of its own, with limits: what strangers send may break what reads it.

Reads the document from standard input, writes the pages to standard output: length in four bytes, then a PNG.
"""

import io
import resource
import struct
import sys
from collections.abc import Iterator

import pypdfium2
from PIL import Image, ImageSequence

MOST_PAGES = 20
MOST_PIXELS = 30_000_000
MOST_SIDE = 2_600  # of a page as it is kept: A4 at 200 dots an inch has 2,339
DOTS_PER_INCH, POINTS_PER_INCH = 200, 72
MEMORY_BYTES, CPU_S = 1_500_000_000, 15
LENGTH = struct.Struct(">I")


def pages_of(document: bytes) -> Iterator[Image.Image]:
    """In order, at most MOST_PAGES. Raises ValueError or OSError for what is no document."""
    yield from (_pdf_pages(document) if document.startswith(b"%PDF") else _image_pages(document))


def _pdf_pages(document: bytes) -> Iterator[Image.Image]:
    pdf = pypdfium2.PdfDocument(document)
    for number in range(min(len(pdf), MOST_PAGES)):
        page = pdf[number]
        longest = max(page.get_size())
        scale = min(DOTS_PER_INCH / POINTS_PER_INCH, MOST_SIDE / max(longest, 1.0))
        yield page.render(scale=scale, grayscale=True).to_pil()


def _image_pages(document: bytes) -> Iterator[Image.Image]:
    """Fax lines are often half as dense as the dots in them (ITU-T T.4): the page is stretched to its true shape."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with Image.open(io.BytesIO(document), formats=("TIFF", "PNG", "JPEG")) as image:
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            if number >= MOST_PAGES:
                return
            across, down = (float(dots) or 1.0 for dots in frame.info.get("dpi", (1, 1)))
            stretch = min(max(across / down, 0.25), 4.0)
            page = frame.convert("L").resize((frame.width, max(1, round(frame.height * stretch))))
            page.thumbnail((MOST_SIDE, MOST_SIDE))
            yield page


def write_pages(document: bytes) -> None:
    for page in pages_of(document):
        drawn = io.BytesIO()
        page.save(drawn, "PNG", optimize=False)
        sys.stdout.buffer.write(LENGTH.pack(drawn.tell()) + drawn.getvalue())
    sys.stdout.buffer.flush()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    write_pages(sys.stdin.buffer.read())


if __name__ == "__main__":
    main()
