"""What the business edits: company, queues, hours, channels, dispositions; read and validated once at start."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import yaml
from pydantic import Field, HttpUrl

from config.documents import DocumentError, line_of, read_document, read_text, tree_of
from config.holidays import read_holidays
from config.inboxes import Channels
from config.macros import Macros
from config.practice import Lesson, read_lessons
from config.routing_files import Hours, Policies, Queues
from config.scorecards import Scorecards
from config.words import Key, LanguageCode, Strict, TimeZone, Translated


class Company(Strict):
    """`company.yml`."""

    name: str
    tagline: Translated
    languages: Annotated[list[LanguageCode], Field(min_length=1)]
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    time_zone: TimeZone
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    accent_colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] = "#3450c8"
    email: str
    phone: str
    address: Translated
    dispositions: dict[Key, Translated]


class ErpEntry(Strict):
    """One ERP. `key_env` names the environment variable with its key; `prefixes` begin the order numbers asked here."""

    name: Key
    kind: Annotated[str, Field(pattern="^(tryton|odoo|erpnext|sap|business_central|1c|oracle)$")]
    url: HttpUrl
    key_env: str
    database: str = ""
    # Tryton, Odoo: with it the older way in; SAP, 1C, Oracle: the user; with a token_url the client of OAuth
    login: str | None = None
    token_url: HttpUrl | None = None
    scope: str = ""
    odata: Annotated[int, Field(ge=2, le=4)] = 2  # SAP: 4 asks CE_SALESORDER_0001
    preset: str = "trade"  # 1C: trade or unf
    names: dict[str, str] = {}  # 1C: what differs from the preset
    prefixes: list[str] = []
    company: int = 1
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    return_type: str = "Return"
    states: dict[str, dict[str, str]] = {}


class Erps(Strict):
    """`erp.yml`; without an entry the embedded ERP is asked. `tracking`: where a carrier's parcels are followed."""

    erps: list[ErpEntry] = []
    tracking: dict[str, Annotated[str, Field(pattern=r"^https?://[^{}\s]*\{number\}[^{}\s]*$")]] = {}

    def tracking_url(self, carrier: str | None, number: str | None) -> str | None:
        """For an ERP that keeps only the carrier and the number of a parcel; None for a carrier we know no page of."""
        named = (carrier or "").casefold()  # ERPs add the service to the name: “DHL Parcel - Delivery”
        pages = sorted(self.tracking.items(), key=lambda entry: len(entry[0]), reverse=True)
        page = next((page for name, page in pages if name.casefold() in named), None)
        return page.replace("{number}", quote(number, safe="")) if page and number else None


@dataclass(frozen=True, slots=True)
class Business:
    """All business files together."""

    company: Company
    queues: Queues
    hours: Hours
    sla: Policies
    channels: Channels
    erps: Erps = field(default_factory=Erps)
    macros: Macros = field(default_factory=Macros)
    scorecards: Scorecards = field(default_factory=Scorecards)
    practice: tuple[Lesson, ...] = ()


def read_business(config_dir: Path) -> Business:
    """Raises DocumentError, with file and line, for the first file that cannot be used."""
    company = read_document(config_dir / "company.yml", Company)
    hours = read_hours(config_dir, company.time_zone)
    policies = read_document(config_dir / "sla.yml", Policies)
    return Business(
        company,
        queues=_read_queues(config_dir, hours, policies),
        hours=hours,
        sla=policies,
        channels=read_document(config_dir / "channels.yml", Channels),
        erps=read_document(config_dir / "erp.yml", Erps) if (config_dir / "erp.yml").exists() else Erps(),
        macros=_read_macros(config_dir, company.languages),
        scorecards=_read_scorecards(config_dir / "scorecards.yml"),
        practice=read_lessons(config_dir / "practice", frozenset(company.dispositions)),
    )


def _read_macros(config_dir: Path, languages: Collection[LanguageCode]) -> Macros:
    """Each in every language of the company, so that no customer gets another one's."""
    path = config_dir / "macros.yml"
    macros = read_document(path, Macros) if path.exists() else Macros()
    for number, macro in enumerate(macros.macros):
        missing = sorted(set(languages) - macro.text.keys())
        if missing:
            raise _problem(path, (number, "text"), f"the text lacks the language {', '.join(missing)}")
    return macros


def _read_scorecards(path: Path) -> Scorecards:
    """Without the file nothing is scored, only commented."""
    return read_document(path, Scorecards) if path.exists() else Scorecards()


def read_hours(config_dir: Path, time_zone: str) -> Hours:
    """The calendars, each with its zone and with the holidays of its file."""
    path = config_dir / "hours.yml"
    hours, today = read_document(path, Hours), datetime.now(UTC).date()
    resolved = []
    for number, calendar in enumerate(hours.calendars):
        days = list(calendar.closed_on)
        if calendar.holidays_file is not None:
            if Path(calendar.holidays_file).name != calendar.holidays_file:
                raise _problem(path, (number, "holidays_file"), "name a file that lies beside hours.yml")
            days += read_holidays(config_dir / calendar.holidays_file, today)
        zone = calendar.time_zone or time_zone
        resolved.append(calendar.model_copy(update={"time_zone": zone, "closed_on": sorted(set(days))}))
    return Hours(calendars=resolved)


def _read_queues(config_dir: Path, hours: Hours, policies: Policies) -> Queues:
    """The queues, whose hours and promises must exist."""
    path = config_dir / "queues.yml"
    queues = read_document(path, Queues)
    calendars, promises = {each.key for each in hours.calendars}, {each.key for each in policies.policies}
    for number, queue in enumerate(queues.queues):
        _require(path, (number, "hours"), queue.hours, calendars)
        _require(path, (number, "sla"), queue.sla, promises)
    keys = {queue.key for queue in queues.queues}
    for number, policy in enumerate(policies.policies):
        _require(config_dir / "sla.yml", (number, "escalate_to"), policy.escalate_to, keys)
    return queues


def _require(path: Path, where: tuple[int, str], named: str | None, known: Collection[str]) -> None:
    if named is not None and named not in known:
        raise _problem(path, where, f"there is no “{named}”; there are {', '.join(sorted(known))}")


def _problem(path: Path, where: tuple[int, str], problem: str) -> DocumentError:
    root = tree_of(read_text(path))
    assert isinstance(root, yaml.MappingNode)  # noqa: S101 - it was read already
    section = str(root.value[0][0].value)
    return DocumentError(path, line_of(root, (section, *where)), f"{where[1]}: {problem}")
