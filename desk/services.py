"""What the desk needs from the application, and what its routes share."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Path
from sqlalchemy.ext.asyncio import AsyncSession

from config.business import Business
from config.company import Company
from config.five_steps import FiveSteps
from config.settings import Settings
from crm_core.access import Reach, Viewer
from crm_core.blobs import BlobStore
from crm_core.campaign_report import CampaignReport, DesignAnswer, DesignAsked
from crm_core.campaign_results import Lot
from crm_core.campaigns import StoredCampaign
from crm_core.contracts import ContactId
from crm_core.db import Sessions
from crm_core.erp.port import Erp
from crm_core.errors import NotFound, Unavailable
from crm_core.planning_ports import PlanningPorts
from crm_core.practice_judging import Found, Recognise
from crm_core.reporting import Question, Report, Wallboard
from crm_core.sales_report import SalesQuestion, SalesReport
from crm_core.signals import Signal
from crm_core.step_findings import Findings
from desk.connections import NOT_CONNECTED, Connections
from desk.pages import Pages
from desk.words import Words

PathId = Annotated[int, Path(gt=0, lt=2**63)]  # what a bigint column can hold
Watch = Callable[[], AbstractAsyncContextManager[asyncio.Queue[Signal]]]


@dataclass(frozen=True, slots=True)
class ReportPorts:
    """What computes figures; each refuses who may not see them."""

    read: Callable[[AsyncSession, Reach, Question], Awaitable[Report]]
    wallboard: Callable[[AsyncSession, Reach, Question], Awaitable[Wallboard]]
    steps: Callable[[AsyncSession, Reach, datetime, FiveSteps, Company], Awaitable[Findings]]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A passage of the company's documents that answers, or what a colleague answered to the like of it.

    `language` only where it is not the one asked in; `href` is where the colleague's conversation is.
    """

    text: str
    title: str
    source: str
    language: str = ""
    href: str = ""


ToPdf = Callable[[str], Awaitable[bytes]]  # of a page that loads nothing; raises NoPrinter
Suggest = Callable[[str, str], Sequence[Suggestion]]  # a question and its language


class NoPrinter(Unavailable):
    """There is no Chromium on this machine, or it did not print."""

    code = "no_printer"


async def no_printer(_page: str) -> bytes:
    """Where nothing can print. Raises NoPrinter."""
    raise NoPrinter("No Chromium was found.")


def _none(_question: str, _language: str) -> Sequence[Suggestion]:
    return ()


def _nothing_found(_text: str, _language: str, _today: date) -> Sequence[Found]:
    return ()


@dataclass(frozen=True, slots=True)
class CampaignPorts:
    """What campaigns need from elsewhere: their figures, how many people an effect takes, and the way out of them."""

    report: Callable[[StoredCampaign, Sequence[Lot], datetime], CampaignReport]
    design: Callable[[DesignAsked], DesignAnswer]
    link: Callable[[ContactId], str]
    sales: Callable[[AsyncSession, Viewer, SalesQuestion], Awaitable[SalesReport]]


@dataclass(frozen=True, slots=True)
class DeskServices:
    """Handed over by the composition root. `watch` opens a subscription to every signal; `key` signs form tokens."""

    sessions: Sessions
    business: Business
    erp: Erp
    settings: Settings
    now: Callable[[], datetime]
    watch: Watch
    key: bytes
    intents: Callable[[], tuple[str, ...]]  # those of the model in service
    reports: ReportPorts
    campaigns: CampaignPorts
    blobs: BlobStore | None = None
    suggest: Suggest = _none
    recognise: Recognise = _nothing_found  # values in what is written, for practice
    webhook_key: bytes = b""  # makes the secrets of outgoing webhooks
    connections: Connections = NOT_CONNECTED
    can_mail: bool = False  # letters outside conversations
    planning: PlanningPorts | None = None
    to_pdf: ToPdf = no_printer


@dataclass(frozen=True, slots=True)
class Desk:
    """The services with everything that is read once at start."""

    services: DeskServices
    pages: Pages
    catalogues: Mapping[str, Words]

    @property
    def is_secure(self) -> bool:
        return self.services.settings.secure_cookies

    @property
    def origin(self) -> str:
        """Scheme and host of the configured address."""
        parts = urlsplit(self.services.settings.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def planning(self) -> PlanningPorts:
        """Raises NotFound where nothing computes plans."""
        if self.services.planning is None:
            raise NotFound("Nothing is planned here.")
        return self.services.planning

    def words(self, language: str | None) -> Words:
        return self.catalogues.get(language or "") or self.catalogues["en"]
