"""What the business edits: company, queues, hours, channels, dispositions; read and validated once at start."""

from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl

from config.documents import read_document


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError(f"“{name}” is no IANA time zone; write it like Europe/Madrid") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
LanguageCode = Annotated[str, Field(pattern="^(en|ru|es)$")]
Translated = dict[LanguageCode, str]
Key = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class Strict(BaseModel):
    """A misspelt key is an error, not a silent nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Queue(Strict):
    """One waiting line: who is served here, and by which teams."""

    key: Key
    name: Translated
    teams: Annotated[list[Key], Field(min_length=1)]
    intents: list[Key] = []
    first_response_s: Annotated[int, Field(gt=0)] = 120


class Queues(Strict):
    """`queues.yml`; the first queue takes what no other names."""

    queues: Annotated[list[Queue], Field(min_length=1)]


class Window(Strict):
    """Open from `start` to `end` on these days (0 is Monday)."""

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1)]
    start: time
    end: time


class Hours(Strict):
    """`hours.yml`, in the company's time zone."""

    windows: list[Window]
    closed_on: list[str] = []


class WebChatInbox(Strict):
    """One chat widget: the sites that may embed it, and the key that signs visitors' identities."""

    key: Key
    channel: Annotated[str, Field(pattern="^webchat$")]
    name: str
    origins: list[HttpUrl] = []
    identity_secret_env: str | None = None


class Channels(Strict):
    """`channels.yml`."""

    inboxes: Annotated[list[WebChatInbox], Field(min_length=1)]


class ErpEntry(Strict):
    """One ERP. `key_env` names the environment variable with its key; `prefixes` begin the order numbers asked here."""

    name: Key
    kind: Annotated[str, Field(pattern="^(tryton|odoo|erpnext|sap|business_central)$")]
    url: HttpUrl
    key_env: str
    database: str = ""
    login: str | None = None  # Tryton and Odoo: with it the older way in; SAP: the user; Business Central: the client
    token_url: HttpUrl | None = None  # Business Central
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
    channels: Channels
    erps: Erps = field(default_factory=Erps)


def read_business(config_dir: Path) -> Business:
    """Raises DocumentError, with file and line, for the first file that cannot be used."""
    return Business(
        company=read_document(config_dir / "company.yml", Company),
        queues=read_document(config_dir / "queues.yml", Queues),
        hours=read_document(config_dir / "hours.yml", Hours),
        channels=read_document(config_dir / "channels.yml", Channels),
        erps=read_document(config_dir / "erp.yml", Erps) if (config_dir / "erp.yml").exists() else Erps(),
    )
