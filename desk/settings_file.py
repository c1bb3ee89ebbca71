"""A document of settings as plain values, and as the YAML of its file."""

from typing import Any

import yaml

from config.sources import Document
from config.words import Strict
from crm_core.contracts import JsonObject
from desk.services import Desk


def dumped(document: Strict) -> JsonObject:
    found: dict[str, Any] = document.model_dump(mode="json")
    return found


def exported(desk: Desk, document: Document) -> str:
    """As it holds now, to be put in the place of the file."""
    content = desk.services.business.sources.raw(document).model_dump(mode="json", exclude_defaults=True)
    body: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return f"# {document}.yml as it holds at {desk.services.business.company.name}\n{body}"
