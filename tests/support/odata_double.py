"""A double of an OData service, versions 2 to 4: filters are really read, so a question that is wrong is answered 400.

It stands for no product: it keeps us from asking nonsense and from reading what was not asked for.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

Rows = list[dict[str, Any]]
Condition = Callable[[Mapping[str, Any]], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>(?:guid)?'(?:[^']|'')*')|(?P<word>[^\W\d][\w./]*)|(?P<sign>[(),:])|(?P<number>\d+))"
)


class WrongQuestionError(ValueError):
    """What a real service answers with 400."""


@dataclass
class ODataDouble(httpx.AsyncBaseTransport):
    """In the place of the network. `sets` by path; `nested` names the navigation properties of a set."""

    sets: dict[str, Rows]
    key: str
    version: int = 4
    nested: dict[str, tuple[str, ...]] = field(default_factory=dict)
    searches_tables: bool = True
    asked: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != self.key:
            return httpx.Response(401, json={"error": {"message": "who are you"}})
        path = unquote(request.url.path)
        self.asked.append(path)
        if path not in self.sets:
            return httpx.Response(404, json={"error": {"message": "no such set"}})
        try:
            rows = self._answer(path, dict(request.url.params))
        except WrongQuestionError as error:
            return httpx.Response(400, json={"error": {"message": str(error)}})
        content = {"d": {"results": rows}} if self.version == 2 else {"value": rows}
        return httpx.Response(200, content=json.dumps(content, default=str).encode())

    def _answer(self, path: str, options: dict[str, str]) -> Rows:
        rows = self.sets[path]
        if "/any(" in options.get("$filter", "") and not self.searches_tables:
            raise WrongQuestionError("no lambda here")
        known = set().union(*(row.keys() for row in rows)) if rows else set()
        if rows and "$filter" in options:
            condition = _Filter(options["$filter"], rows).read()
            rows = [row for row in rows if condition(row)]
        for part in reversed(options.get("$orderby", "").split(",")):
            if part.strip():
                name, _, way = part.strip().partition(" ")
                rows = sorted(rows, key=lambda row: str(row[name]), reverse=way == "desc")
        skipped = int(options.get("$skip", "0"))
        rows = rows[skipped : skipped + int(options.get("$top", "1000"))]
        wanted = options.get("$select")
        names = wanted.split(",") if wanted else None
        expanded = set(options.get("$expand", "").split(","))
        odd = [name for name in names or [] if known and name not in known]
        if odd:
            raise WrongQuestionError(f"no property {odd}")
        hidden = set(self.nested.get(path, ())) - expanded
        return [{k: v for k, v in row.items() if k not in hidden and (names is None or k in names)} for row in rows]


class _Filter:
    """eq, ne, and, or, parentheses, startswith, endswith, substringof, cast, any."""

    def __init__(self, text: str, rows: Rows) -> None:
        self._rows, known = rows, set().union(*(row.keys() for row in rows)) if rows else set[str]()
        self._tokens, self._known, at = list[tuple[str, str]](), known, 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise WrongQuestionError(f"cannot read {text[at:]!r}")
            self._tokens.append((str(match.lastgroup), match[0].strip()))
            at = match.end()

    def read(self) -> Condition:
        found = self._either()
        if self._tokens:
            raise WrongQuestionError("something is left over")
        return found

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._next("or"):
            parts.append(self._both())
        return lambda row: any(part(row) for part in parts)

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._next("and"):
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Condition:
        if self._next("("):
            inner = self._either()
            self._must(")")
            return inner
        name = self._take("word")
        if name.endswith("/any"):
            return self._any(name.removesuffix("/any"))
        if name == "substringof":
            return self._contains()
        if name in ("endswith", "startswith"):
            self._must("(")
            attribute = self._property(self._take("word"))
            self._must(",")
            value = self._value()
            self._must(")")
            return lambda row: getattr(str(row[attribute] or ""), name)(value)
        attribute, way, value = self._property(name), self._take("word"), self._value()
        if way not in ("eq", "ne"):
            raise WrongQuestionError(f"no operator {way}")
        return lambda row: (str(row[attribute]).lower() == value.lower()) is (way == "eq")

    def _any(self, table: str) -> Condition:
        """`Table/any(x: …)`: the rows of a table part, whose fields are called `x/…` inside."""
        self._property(table)
        self._must("(")
        variable = self._take("word")
        self._must(":")
        outside = self._known
        inner = [line for row in self._rows for line in row[table]]
        self._known = {f"{variable}/{name}" for line in inner for name in line}
        condition = self._either()
        self._known = outside
        self._must(")")
        return lambda row: any(condition({f"{variable}/{k}": v for k, v in line.items()}) for line in row[table])

    def _contains(self) -> Condition:
        self._must("(")
        value = self._value()
        self._must(",")
        attribute = self._property(self._take("word"))
        self._must(")")
        self._must("eq")
        self._must("true")
        return lambda row: value in str(row[attribute] or "")

    def _property(self, name: str) -> str:
        if name not in self._known:
            raise WrongQuestionError(f"no property {name}")
        return name

    def _value(self) -> str:
        kind, written = self._tokens.pop(0) if self._tokens else ("", "")
        if written == "cast":
            self._must("(")
            value = self._value()
            self._must(",")
            self._value()
            self._must(")")
            return value
        if kind == "text":
            return written.removeprefix("guid")[1:-1].replace("''", "'")
        if kind == "number" or written in ("true", "false"):
            return written
        raise WrongQuestionError("a value is missing")

    def _next(self, written: str) -> bool:
        if self._tokens and self._tokens[0][1] == written:
            self._tokens.pop(0)
            return True
        return False

    def _must(self, written: str) -> None:
        if not self._next(written):
            raise WrongQuestionError(f"{written} is missing")

    def _take(self, kind: str) -> str:
        if not self._tokens or self._tokens[0][0] != kind:
            raise WrongQuestionError("a name is missing")
        return self._tokens.pop(0)[1]


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
