"""The documents of the API as one page, drawn from its OpenAPI: nothing is loaded from anywhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_REF = "#/components/schemas/"
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    is_required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    text: str
    scopes: tuple[str, ...]
    parameters: tuple[Field, ...]
    body: str
    answer: str


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    text: str
    fields: tuple[Field, ...]


def docs_page(described: Schema) -> str:
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    groups: dict[str, list[Operation]] = {}
    for tag, operation in _operations(described):
        groups.setdefault(tag, []).append(operation)
    shapes = [_shape(name, schema) for name, schema in sorted(described["components"]["schemas"].items())]
    return environment.get_template("docs.html").render(
        title=described["info"]["title"], groups=groups, shapes=[shape for shape in shapes if shape.fields]
    )


def style_sheet() -> str:
    return (FOLDER / "docs.css").read_text(encoding="utf-8")


def _operations(described: Schema) -> Iterator[tuple[str, Operation]]:
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            fields = tuple(_parameter(one) for one in told.get("parameters", ()))
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            good = next(answer for status, answer in told["responses"].items() if status.startswith("2"))
            yield told["tags"][0], Operation(
                told["operationId"], method.upper(), f"/api/v1{path}", told["summary"], told.get("description", ""),
                tuple(told["x-scopes"]), fields, type_of(body) if body else "",
                type_of(good["content"]["application/json"]["schema"]),
            )  # fmt: skip


def _parameter(told: Schema) -> Field:
    return Field(told["name"], type_of(told["schema"]), bool(told.get("required")), told.get("description", ""))


def _shape(name: str, schema: Schema) -> Shape:
    required = schema.get("required", ())
    fields = tuple(
        Field(field, type_of(told), field in required, told.get("description", ""))
        for field, told in schema.get("properties", {}).items()
    )
    return Shape(name, schema.get("description", ""), fields)


def type_of(schema: Schema) -> str:
    """In a few words: “integer or null”, “list of Contact”, “queued | closed”."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
