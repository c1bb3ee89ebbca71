"""Every Monday the report of the week before, by mail, to whoever asked for it; nobody gets one twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.printing import Printer
from config.business import Business
from crm_core.access import Reach
from crm_core.blobs import BlobStore
from crm_core.contracts import Attachment, JsonObject
from crm_core.db import Sessions, unit_of_work
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.report_letters import Subscriber, claim_letter, unserved
from crm_core.reporting import Period, Question, Report
from crm_core.steps_store import read_steps
from desk.moments import Clockface
from desk.pages import Pages
from desk.services import NoPrinter
from desk.steps_drawings import Paper
from desk.steps_print import printed
from desk.steps_sheet import Sheet
from desk.words import Words, read_catalogues
from insight.five_steps import read_findings
from insight.reports import read_report

log = structlog.get_logger(__name__)

EVERY_S = 600.0
FROM_HOUR = 6  # of the company's Monday; later ones are made up for
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WeeklyLetters:
    """Any number of workers may run: who claims a letter sends it. `intents` are those of the model in service."""

    sessions: Sessions
    business: Business
    blobs: BlobStore
    printer: Printer
    base_url: str
    intents: Sequence[str] = ()

    async def write(self, now: datetime) -> None:
        """To everybody who is still to get the week's."""
        local = now.astimezone(self._zone)
        week = local.date() - timedelta(days=local.weekday())
        if local.weekday() == 0 and local.hour < FROM_HOUR:
            return
        async with unit_of_work(self.sessions) as session:
            people = await unserved(session, week)
        for each in people:
            await self._write_to(each, week, now)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.business.company.time_zone)

    async def _write_to(self, subscriber: Subscriber, week: date, now: datetime) -> None:
        """Printed outside the transaction; whoever was quicker leaves only a file, which goes again."""
        catalogues = await asyncio.to_thread(read_catalogues, country=self.business.company.country)
        words = catalogues.get(subscriber.viewer.language) or catalogues["en"]
        sheet, report = await self._read(subscriber, words, week, now)
        attachment = await self._file(sheet, report, week)
        token = await self.blobs.put(attachment)
        letter = self._letter(subscriber, words, week, sheet.paper) | {"files": [token]}
        async with unit_of_work(self.sessions) as session:
            is_ours = await claim_letter(session, now, subscriber.viewer.user_id, week)
            if is_ours:
                await enqueue(session, now, NewJob(JobKind.MAIL, None, letter))
        if not is_ours:
            await self.blobs.delete(token)
        log.info("weekly_letter.written", user=subscriber.viewer.user_id, week=week.isoformat(), ours=is_ours)

    async def _read(self, subscriber: Subscriber, words: Words, week: date, now: datetime) -> tuple[Sheet, Report]:
        reach, company = Reach(subscriber.viewer), self.business.company
        period = self._period(week)
        question = Question(period, period.earlier(WEEK), now, company.time_zone)
        async with unit_of_work(self.sessions) as session:
            held = await read_steps(session, subscriber.viewer)
            found = await read_findings(session, reach, now, held.steps, company)
            report = await read_report(session, reach, question)
        paper = Paper(words, Clockface(now, self._zone, words), company.currency)
        return Sheet(held.steps, found, paper, self.business, self.intents), report

    def _period(self, week: date) -> Period:
        """The seven days before this Monday."""
        until = datetime.combine(week, time(), self._zone)
        return Period(datetime.combine(week - WEEK, time(), self._zone), until)

    async def _file(self, sheet: Sheet, report: Report, week: date) -> Attachment:
        """As PDF; where nothing prints, as the page that any browser prints."""
        pages = Pages(lambda: self.business.company.name)
        page = await asyncio.to_thread(printed, pages, sheet, report, is_whole=True)
        name = f"switchboard-{week - WEEK}"
        try:
            return Attachment(f"{name}.pdf", "application/pdf", await self.printer.to_pdf(page))
        except NoPrinter:
            return Attachment(f"{name}.html", "text/html", page.encode())

    def _letter(self, subscriber: Subscriber, words: Words, week: date, paper: Paper) -> JsonObject:
        """The payload of a `mail` job."""
        first, last = (paper.clock.plain_day(each) for each in (week - WEEK, week - timedelta(days=1)))
        days = f"{first} – {last}"
        return {
            "to": subscriber.email, "language": words.language,
            "subject": words("five_steps.weekly.subject", company=self.business.company.name, days=days),
            "text": words("five_steps.weekly.text", days=days, url=f"{self.base_url}/desk/reports"),
        }  # fmt: skip
