"""What the customer wrote now, and what their program copied below it, in English, Russian and Spanish."""

import re

LONGEST_LINE = 300  # of a line that may introduce a quote
# “On … wrote:” as mail programs write it, over one line or two
WROTE = re.compile(
    r"(?:on\b.*\bwrote|el\b.*\b(?:escribió|escribio)|.*\b(?:написал(?:а|\(а\))?|пишет|wrote|escribió))\s*:\s*$",
    re.IGNORECASE,
)
ORIGINAL = re.compile(
    r"-{2,}\s*(?:original message|forwarded message|mensaje original|mensaje reenviado|исходное сообщение|"
    r"пересылаемое сообщение|пересланное сообщение|original-nachricht)\s*-{2,}\s*$|_{20,}\s*$|"
    r"begin forwarded message:\s*$",
    re.IGNORECASE,
)
HEAD = re.compile(r"\*?(?:from|de|от|от кого|von)\*?\s*:\s*.+", re.IGNORECASE)
FIELD = re.compile(
    r"\*?(?:sent|date|to|subject|cc|enviado(?: el)?|fecha|para|asunto|дата|отправлено|кому|тема|копия)\*?\s*:",
    re.IGNORECASE,
)
LEAST_FIELDS, LOOK_AHEAD, LOOK_FAR = 2, 5, 50
MOST_LOOKED_AT = 100_000  # characters in which a quote may begin


def split_reply(text: str) -> tuple[str, str]:
    """What was said, and what was quoted below it. All is said when nothing would be left."""
    lines = text[:MOST_LOOKED_AT].split("\n")
    start = next((number for number in range(len(lines)) if _starts_quote(lines, number)), len(lines))
    said = "\n".join(lines[:start]).strip()
    if start == len(lines):
        return text.strip(), ""
    return (said, "\n".join(lines[start:]).strip()) if said else _between(lines)


def _between(lines: list[str]) -> tuple[str, str]:
    """Answers written below or into the quote: its own lines are said, the others quoted."""
    introduced = {number for number, line in enumerate(lines) if _is_intro(lines, number)}
    said = [line for number, line in enumerate(lines) if not line.startswith(">") and number not in introduced]
    words = "\n".join(said).strip()
    whole = "\n".join(lines).strip()
    return (words, whole) if words else (whole, "")


def _starts_quote(lines: list[str], number: int) -> bool:
    line = lines[number].strip()
    if len(line) > LONGEST_LINE:
        return False
    if _is_intro(lines, number) or ORIGINAL.match(line) or _is_head(lines, number):
        return True
    if not line.startswith(">"):
        return False
    rest = [later for later in lines[number : number + LOOK_FAR] if later.strip()]
    return all(later.lstrip().startswith(">") for later in rest)


def _is_intro(lines: list[str], number: int) -> bool:
    """“On Tue … wrote:”; some programs break it in two, so the next line counts with it."""
    line = lines[number].strip()
    if not line or len(line) > LONGEST_LINE or not any(mark in line for mark in (":", ",", "@", "<", "20")):
        return False
    joined = f"{line} {lines[number + 1].strip()}" if number + 1 < len(lines) else line
    found = WROTE.match(line) or (len(joined) <= LONGEST_LINE and not line.endswith(".") and WROTE.match(joined))
    later = [one.strip() for one in lines[number + 1 : number + 6] if one.strip()]
    has_sign = "@" in joined or any(digit.isdigit() for digit in joined)
    return bool(found) and has_sign and (any(one.startswith(">") for one in later) or bool(re.search(r"\d", joined)))


def _is_head(lines: list[str], number: int) -> bool:
    """The block of From, Sent, To, Subject that Outlook puts above what it quotes."""
    if not HEAD.match(lines[number].strip()):
        return False
    following = [line.strip() for line in lines[number + 1 : number + 1 + LOOK_AHEAD]]
    return sum(bool(FIELD.match(line)) for line in following) >= LEAST_FIELDS
