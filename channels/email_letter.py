"""A mail as it was read: plain values, so that the process that read it may die and nothing else does."""

import base64
import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class LetterFile:
    """An attachment. `cid` is its Content-ID when the formatted text shows it."""

    name: str
    content_type: str
    content: bytes
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report (RFC 3464): `action` and `status` of the first recipient, and what it is about."""

    action: str
    status: str
    recipient: str = ""
    about: tuple[str, ...] = ()  # Message-IDs in the returned headers


@dataclass(frozen=True, slots=True)
class Letter:
    """`headers` are those that are looked at later, in order, names in lower case; `senders` as From names them."""

    headers: tuple[tuple[str, str], ...] = ()
    senders: tuple[tuple[str, str], ...] = ()
    from_fields: int = 1
    recipients: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    quoted: str = ""
    html: str = ""
    files: tuple[LetterFile, ...] = ()
    report: Report | None = None
    left_out: int = 0  # parts beyond the caps
    is_cut: bool = field(default=False)  # the text was longer than what is kept

    def values(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given == name]

    def first(self, name: str) -> str:
        return next(iter(self.values(name)), "")


def as_json(letter: Letter) -> bytes:
    content = asdict(letter)
    for file in content["files"]:
        file["content"] = base64.b64encode(file["content"]).decode()
    return json.dumps(content).encode()


def from_json(written: bytes) -> Letter:
    content = json.loads(written)
    files = tuple(LetterFile(**{**file, "content": base64.b64decode(file["content"])}) for file in content["files"])
    report = content["report"] and Report(**{**content["report"], "about": tuple(content["report"]["about"])})
    pairs = {name: tuple((str(one), str(two)) for one, two in content[name]) for name in ("headers", "senders")}
    return Letter(**{**content, **pairs, "recipients": tuple(content["recipients"]), "files": files, "report": report})
