"""The process that reads foreign mail: length and bytes in, length and JSON out; started and killed by MailReader."""

import resource
import struct
import sys
from typing import BinaryIO

from channels.email_letter import as_json
from channels.email_reading import read_letter

MOST_MEMORY = 1_500_000_000
FRAME = struct.Struct("!I")
FAULTS = (ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError, AssertionError, OSError)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (raw := _frame(source)) is not None:
        answer = _answer(raw)
        target.write(FRAME.pack(len(answer)) + answer)
        target.flush()


def _answer(raw: bytes) -> bytes:
    """Nothing where the mail cannot be read."""
    try:
        return as_json(read_letter(raw))
    except FAULTS:
        return b""


def _frame(source: BinaryIO) -> bytes | None:
    head = source.read(FRAME.size)
    return source.read(FRAME.unpack(head)[0]) if len(head) == FRAME.size else None


if __name__ == "__main__":
    main()
