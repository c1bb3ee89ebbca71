"""What the business edits, checked and brought together: files read at start, and what the desk holds instead."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from config.campaign_files import Campaigns
from config.company import Company
from config.consents import Consents
from config.documents import DocumentError, Model, line_of, read_document, read_text, tree_of
from config.erps import Erps
from config.holidays import read_holidays
from config.inboxes import Channels
from config.macros import Macros
from config.practice import Lesson, read_lessons
from config.retention import Retention
from config.routing_files import Hours, Policies, Queues
from config.sales_files import Sales
from config.scorecards import Scorecards
from config.sources import MODELS, Document, Sources, read_sources
from config.words import LanguageCode, Strict

Place = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class ReadOnce:
    """What only files say: read at a start, and never again while somebody may be half way through editing them."""

    channels: Channels
    erps: Erps
    scorecards: Scorecards
    campaigns: Campaigns
    sales: Sales
    practice: tuple[Lesson, ...]


@dataclass(slots=True)
class Business:
    """As it holds in this process. Keep this and not its parts: `adopt` changes them while the process runs."""

    company: Company
    queues: Queues
    hours: Hours
    sla: Policies
    channels: Channels
    sources: Sources
    erps: Erps = field(default_factory=Erps)
    macros: Macros = field(default_factory=Macros)
    scorecards: Scorecards = field(default_factory=Scorecards)
    campaigns: Campaigns = field(default_factory=Campaigns)
    sales: Sales = field(default_factory=Sales)
    practice: tuple[Lesson, ...] = ()
    retention: Retention = field(default_factory=Retention)
    consents: Consents = field(default_factory=Consents)

    def adopt(self, other: "Business") -> None:
        """Take over what `other` says. A language more needs a start: its sentences were not read."""
        spoken = [code for code in other.company.languages if code in self.company.languages]
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))
        if spoken and spoken != other.company.languages:
            self.company = other.company.model_copy(update={"languages": spoken})

    def with_held(self, held: Mapping[str, object]) -> "Business":
        """The files as they were read, with other documents of the desk in their place. Raises DocumentError."""
        documents = {Document(name): _held(Document(name), content) for name, content in held.items()}
        once = ReadOnce(**{each.name: getattr(self, each.name) for each in fields(ReadOnce)})
        return business_of(Sources(self.sources.config_dir, self.sources.files, documents), once)


def read_business(config_dir: Path) -> Business:
    """From the files alone. Raises DocumentError, with file and line, for the first file that cannot be used."""
    once = ReadOnce(
        read_document(config_dir / "channels.yml", Channels),
        _read_or_default(config_dir / "erp.yml", Erps),
        _read_or_default(config_dir / "scorecards.yml", Scorecards),
        _read_or_default(config_dir / "campaigns.yml", Campaigns),
        _read_or_default(config_dir / "sales.yml", Sales),
        read_lessons(config_dir / "practice"),
    )
    return business_of(read_sources(config_dir), once)


def business_of(sources: Sources, once: ReadOnce) -> Business:
    """Checked against each other. Raises DocumentError."""
    company, policies = sources.company, sources.policies
    hours = resolved_hours(sources, company.time_zone)
    _check_queues(sources, hours)
    _check_macros(sources, company.languages)
    return Business(
        company, sources.queues, hours, policies, once.channels, sources, macros=sources.macros,
        retention=sources.retention, consents=sources.consents, erps=once.erps, scorecards=once.scorecards,
        campaigns=once.campaigns, sales=once.sales, practice=once.practice,
    )  # fmt: skip


def _held(document: Document, content: object) -> Strict:
    try:
        return MODELS[document].model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(_desk(document), 1, f"{where}: {first['msg']}") from error


def _desk(document: Document) -> Path:
    """Where an error of the desk's document is said to stand."""
    return Path(f"desk/{document}")


def _read_or_default(path: Path, model: type[Model]) -> Model:
    """Without the file what its model says by itself."""
    return read_document(path, model) if path.exists() else model()


def _check_macros(sources: Sources, languages: Collection[LanguageCode]) -> None:
    """Each in every language of the company, so that no customer gets another one's."""
    for number, macro in enumerate(sources.macros.macros):
        missing = sorted(set(languages) - macro.text.keys())
        if missing:
            wrong = f"text: the text lacks the language {', '.join(missing)}"
            raise _problem(sources, Document.MACROS, (number, "text"), wrong)


def resolved_hours(sources: Sources, time_zone: str) -> Hours:
    """The calendars, each with its zone and with the holidays of its file."""
    today, resolved = datetime.now(UTC).date(), []
    for number, calendar in enumerate(sources.hours.calendars):
        days = list(calendar.closed_on)
        if calendar.holidays_file is not None:
            if Path(calendar.holidays_file).name != calendar.holidays_file:
                wrong = "holidays_file: name a file that lies beside hours.yml"
                raise _problem(sources, Document.HOURS, (number, "holidays_file"), wrong)
            days += read_holidays(sources.config_dir / calendar.holidays_file, today)
        zone = calendar.time_zone or time_zone
        resolved.append(calendar.model_copy(update={"time_zone": zone, "closed_on": sorted(set(days))}))
    return Hours(calendars=resolved)


def _check_queues(sources: Sources, hours: Hours) -> None:
    """Hours and promises of the queues must exist, and the queues that promises name."""
    queues, policies = sources.queues.queues, sources.policies.policies
    calendars, promises = {each.key for each in hours.calendars}, {each.key for each in policies}
    for number, queue in enumerate(queues):
        _require(sources, Document.QUEUES, (number, "hours"), queue.hours, calendars)
        _require(sources, Document.QUEUES, (number, "sla"), queue.sla, promises)
    keys = {queue.key for queue in queues}
    for number, policy in enumerate(policies):
        _require(sources, Document.SLA, (number, "escalate_to"), policy.escalate_to, keys)


def _require(sources: Sources, document: Document, where: Place, named: str | None, known: Collection[str]) -> None:
    if named is not None and named not in known:
        wrong = f"{where[-1]}: there is no “{named}”; there are {', '.join(sorted(known))}"
        raise _problem(sources, document, where, wrong)


def _problem(sources: Sources, document: Document, where: Place, problem: str) -> DocumentError:
    if document in sources.held:
        return DocumentError(_desk(document), 1, problem)
    path = sources.path(document)
    root = tree_of(read_text(path))
    assert isinstance(root, yaml.MappingNode)  # noqa: S101 - it was read already
    section = str(root.value[0][0].value)
    return DocumentError(path, line_of(root, (section, *where)), problem)
