"""The documents that an administrator may edit: each a file, and in its place what the desk holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from config.company import Company
from config.consents import Consents
from config.documents import read_document
from config.macros import Macros
from config.retention import Retention
from config.routing_files import Hours, Policies, Queues
from config.words import Strict

Model = TypeVar("Model", bound=Strict)


class Document(StrEnum):
    """By the name of its file, without the ending."""

    COMPANY = "company"
    QUEUES = "queues"
    HOURS = "hours"
    SLA = "sla"
    MACROS = "macros"
    RETENTION = "retention"
    CONSENTS = "consents"


MODELS: Mapping[Document, type[Strict]] = {
    Document.COMPANY: Company, Document.QUEUES: Queues, Document.HOURS: Hours, Document.SLA: Policies,
    Document.MACROS: Macros, Document.RETENTION: Retention, Document.CONSENTS: Consents,
}  # fmt: skip
OPTIONAL = frozenset({Document.MACROS, Document.RETENTION, Document.CONSENTS})  # without the file: nothing of it


@dataclass(frozen=True, slots=True)
class Sources:
    """`files` as they were read at start; a document of `held` stands in the place of its file."""

    config_dir: Path
    files: Mapping[Document, Strict]
    held: Mapping[Document, Strict] = field(default_factory=dict)

    def path(self, document: Document) -> Path:
        return self.config_dir / f"{document}.yml"

    def raw(self, document: Document) -> Strict:
        """As written, without what others add to it."""
        return self.held.get(document) or self.files[document]

    @property
    def company(self) -> Company:
        return self._typed(Document.COMPANY, Company)

    @property
    def queues(self) -> Queues:
        return self._typed(Document.QUEUES, Queues)

    @property
    def hours(self) -> Hours:
        return self._typed(Document.HOURS, Hours)

    @property
    def policies(self) -> Policies:
        return self._typed(Document.SLA, Policies)

    @property
    def macros(self) -> Macros:
        return self._typed(Document.MACROS, Macros)

    @property
    def retention(self) -> Retention:
        return self._typed(Document.RETENTION, Retention)

    @property
    def consents(self) -> Consents:
        return self._typed(Document.CONSENTS, Consents)

    def _typed(self, document: Document, model: type[Model]) -> Model:
        found = self.raw(document)
        assert isinstance(found, model)  # noqa: S101 - as MODELS says
        return found


def read_sources(config_dir: Path) -> Sources:
    """Raises DocumentError for the first file that cannot be used."""
    files: dict[Document, Strict] = {}
    for document, model in MODELS.items():
        path = config_dir / f"{document}.yml"
        is_left_out = document in OPTIONAL and not path.exists()
        files[document] = model() if is_left_out else read_document(path, model)
    return Sources(config_dir, files)
