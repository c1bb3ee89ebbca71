"""The five steps as files: YAML and JSON hold all that was written, CSV the same as a list for a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterator
from enum import StrEnum

import yaml
from fastapi import Response

from config.five_steps import FiveSteps
from crm_core.contracts import Json, JsonObject
from desk.report_csv import BYTE_ORDER_MARK, harmless
from desk.words import Words

NAME = "five-steps"


class FileKind(StrEnum):
    YAML = "yml"
    JSON = "json"
    CSV = "csv"


TYPES = {FileKind.YAML: "text/yaml", FileKind.JSON: "application/json", FileKind.CSV: "text/csv"}


def file_answer(kind: FileKind, steps: FiveSteps, words: Words) -> Response:
    content = content_of(steps)
    if kind is FileKind.CSV:
        body = as_csv(steps, words)
    elif kind is FileKind.JSON:
        body = (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()
    else:
        body = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120).encode()
    headers = {"Content-Disposition": f'attachment; filename="{NAME}.{kind}"'}
    return Response(body, media_type=f"{TYPES[kind]}; charset=utf-8", headers=headers)


def content_of(steps: FiveSteps) -> JsonObject:
    found: JsonObject = steps.model_dump(mode="json")
    return found


def as_csv(steps: FiveSteps, words: Words) -> bytes:
    """One line a value; nothing in it can turn into a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([words("five_steps.csv.field"), words("five_steps.csv.value")])
    writer.writerows([harmless(path), harmless(text)] for path, text in leaves(content_of(steps)))
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Every single value by its path; nothing is written for what is empty."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from leaves(each, f"{path}.{number}")
    elif value not in (None, ""):
        yield path, str(value)


def version_lines(then: FiveSteps, now: FiveSteps) -> list[tuple[str, str, str]]:
    """What differs: the path, as it was then, as it is now."""
    old, new = dict(leaves(content_of(then))), dict(leaves(content_of(now)))
    paths = dict.fromkeys([*old, *new])
    return [(path, old.get(path, ""), new.get(path, "")) for path in paths if old.get(path) != new.get(path)]
