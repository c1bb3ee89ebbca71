"""A document of settings as plain values, and as the YAML of its file."""

from typing import Any

import yaml

from config.sources import Document
from config.words import Strict
from crm_core.contracts import JsonObject


def dumped(document: Strict) -> JsonObject:
    found: dict[str, Any] = document.model_dump(mode="json")
    return found


def as_yaml(document: Document, content: JsonObject) -> str:
    """To be put in the place of the file."""
    body: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return f"# {document}.yml as an administrator set it\n{body}"
