"""Every mail under SWITCHBOARD_DATA/mail through the reader: lost, kept only as the original, slowest."""

import asyncio
import os
import time
from pathlib import Path

from benchmarks.report import percentile, tell
from channels.email_ids import LetterIds
from channels.email_inbound import incoming_of
from channels.email_reader import MailReader
from channels.email_rules import MailboxRules

RULES = MailboxRules("support@oslo.example", LetterIds(b"key", "mail"))


async def read_all(files: list[Path]) -> dict[str, object]:
    reader, took_s, unreadable, lost = MailReader(), list[float](), 0, 0
    for file in files:
        raw = file.read_bytes()
        started = time.perf_counter()
        letter = await reader.read(raw)
        lost += not incoming_of(raw, letter, RULES)
        took_s.append(time.perf_counter() - started)
        unreadable += letter is None
    await reader.aclose()
    return {
        "mails": len(files), "lost": lost, "kept_as_original": unreadable,
        "p50_s": round(percentile(took_s, 0.5), 4), "slowest_s": round(max(took_s, default=0.0), 3),
    }  # fmt: skip


def main() -> None:
    folder = Path(os.environ.get("SWITCHBOARD_DATA", "data")) / "mail"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise SystemExit(f"no mails in {folder}: set SWITCHBOARD_DATA")
    tell(asyncio.run(read_all(files)), n=len(files), seed=0)


if __name__ == "__main__":
    main()
