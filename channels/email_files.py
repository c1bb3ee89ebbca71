"""The attachments of a letter, with names that are harmless everywhere."""

import re

from channels.email_letter import Letter
from channels.webchat_files import content_type_of, safe_name
from crm_core.contracts import Attachment, JsonObject

EXTENSIONS = {"message/rfc822": ".eml", "text/html": ".html", "text/plain": ".txt", "image/png": ".png",
              "image/jpeg": ".jpg", "image/gif": ".gif", "application/pdf": ".pdf"}  # fmt: skip
DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")  # names that Windows keeps for itself


def attachments_of(raw: bytes, letter: Letter) -> tuple[Attachment, ...]:
    """Every file under a name of its own; the original as well where something of it is not shown."""
    files = [Attachment(file.name, content_type_of(file.content_type), file.content) for file in letter.files]
    if letter.left_out or letter.is_cut:
        files.append(Attachment("message.eml", "message/rfc822", raw))
    taken, named = set[str](), list[Attachment]()
    for number, file in enumerate(files, start=1):
        name = _free(_name_of(file, number), taken)
        taken.add(name.lower())
        named.append(Attachment(name, file.content_type, file.content))
    return tuple(named)


def _name_of(file: Attachment, number: int) -> str:
    name = safe_name(file.name) if file.name.strip() else ""
    if name in ("", "file"):
        return f"file-{number}{EXTENSIONS.get(file.content_type, '')}"
    return f"_{name}" if DEVICES.fullmatch(name) else name


def _free(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    base, ending = (stem, f".{suffix}") if dot and stem else (name, "")
    tried, number = name, 1
    while tried.lower() in taken:
        number += 1
        tried = f"{base} ({number}){ending}"
    return tried


def inline_places(letter: Letter) -> JsonObject:
    """Content-ID to the place of its picture among the attachments, for those the formatted text shows."""
    return {
        file.cid: place
        for place, file in enumerate(letter.files)
        if file.cid and file.content_type.startswith("image/") and f"cid:{file.cid}" in letter.html
    }
