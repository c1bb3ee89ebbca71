"""Contacts who agreed to be written to, and campaigns for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert, update

from config.campaign_files import Campaigns, QuietHours
from crm_core import models
from crm_core.audience import Terms
from crm_core.campaign_sending import Outcome, Poster, post_next
from crm_core.campaign_values import Arm, ArmText, Criteria, Plan
from crm_core.campaigns import draw, finish_campaigns, save_plan, schedule
from crm_core.consents import ConsentSource, Said, give_consent
from crm_core.contacts import ensure_contact
from crm_core.contracts import Address, AddressKind
from crm_core.erp.star_tables import FactSaleLine
from crm_core.events import SYSTEM
from crm_core.models_campaigns import CampaignMember
from tests.support.factories import Centre, add_inbox

ALWAYS = QuietHours.model_validate({"begin": "00:00", "end": "00:00", "days": []})
AGREED = Said(SYSTEM, ConsentSource.IMPORT, "1")
TEXTS = {
    "en": ArmText("Hello {first_name|there}, oak tables are 20 % off.", "Oak tables"),
    "ru": ArmText("Здравствуйте, {first_name|покупатель}! Скидка 20 %.", "Столы из дуба"),
    "es": ArmText("Hola, {first_name|cliente}: mesas de roble con un 20 %.", "Mesas de roble"),
}
HALVES = (Arm("offer", 50, TEXTS), Arm("hold_out", 50, is_hold_out=True))
EVERYBODY = (Arm("offer", 100, TEXTS),)


def link_of(contact_id: int) -> str:
    return f"https://desk.example/unsubscribe/{contact_id}.mac"


@dataclass(slots=True)
class Marketing:
    """A marketer's day: people, a plan, and the clock by which messages go out."""

    centre: Centre
    rules: Campaigns = field(default_factory=lambda: Campaigns(quiet_hours=ALWAYS))
    people: dict[str, int] = field(default_factory=dict)

    @property
    def terms(self) -> Terms:
        return Terms(self.rules, ("en", "ru", "es"), "EUR", "Europe/Madrid", "Oslo Furniture")

    @property
    def poster(self) -> Poster:
        return Poster(self.terms, link_of)

    async def open(self) -> "Marketing":
        async with self.centre.work() as session:
            for channel in ("email", "telegram", "sms"):
                self.centre.inboxes[channel] = await add_inbox(session, channel, pulled=False)
        return self

    async def person(self, name: str, *, agreed: bool = True, **values: object) -> int:
        """Reached by mail, unless `uri` says otherwise."""
        kind, _, value = str(values.pop("uri", f"mailto:{name.lower()}@example.com")).partition(":")
        async with self.centre.work() as session:
            known = await ensure_contact(session, self.centre.now, Address(AddressKind(kind), value))
            row = update(models.Contact).where(models.Contact.id == known.id)
            await session.execute(row.values(**{"name": name, "language": "en", **values}))
            if agreed:
                await give_consent(session, self.centre.now, known.id, AGREED)
        self.people[name] = known.id
        return known.id

    async def crowd(self, count: int) -> None:
        for number in range(count):
            await self.person(f"Person{number}", customer_ref=f"C-{number}")

    async def bought(self, customer_ref: str, on: date, amount: int = 100, order: str = "1") -> None:
        row = {
            "source": "erp", "order_id": f"{customer_ref}-{order}", "position": 1, "order_number": order,
            "customer_id": customer_ref, "sku": "TB", "stage": "open", "ordered_on": on, "quantity": 1, "shipped": 0,
            "returned": 0, "amount": Decimal(amount), "currency": "EUR", "extracted_at": self.centre.now,
        }  # fmt: skip
        async with self.centre.work() as session:
            await session.execute(insert(FactSaleLine).values(**row))

    def plan(self, arms: Sequence[Arm] = EVERYBODY, inboxes: Sequence[str] = ("email",), **more: object) -> Plan:
        ids = tuple(self.centre.inboxes[key] for key in inboxes)
        return replace(Plan("Oak", Criteria(), ids, tuple(arms)), **more)  # type: ignore[arg-type]

    async def campaign(self, plan: Plan | None = None) -> int:
        """Drawn and running."""
        viewer = self.centre.reach("grace").viewer
        async with self.centre.work() as session:
            campaign_id = await save_plan(session, self.centre.now, viewer, plan or self.plan())
            await schedule(session, self.centre.now, viewer, self.terms, campaign_id)
        async with self.centre.work() as session:
            await draw(session, self.centre.now, self.terms, campaign_id)
        return campaign_id

    async def post(self, at: datetime | None = None) -> Outcome:
        async with self.centre.work() as session:
            return await post_next(session, at or self.centre.now, self.poster)

    async def post_all(self, at: datetime | None = None) -> list[Outcome]:
        """Until nothing more is due."""
        outcomes = []
        while (outcome := await self.post(at)) is not Outcome.NOTHING:
            outcomes.append(outcome)
        async with self.centre.work() as session:
            await finish_campaigns(session, at or self.centre.now)
        return outcomes

    async def lots(self) -> Mapping[str, CampaignMember]:
        """By the person's name."""
        names = {contact_id: name for name, contact_id in self.people.items()}
        return {names[row.contact_id]: row for row in await self.centre.rows(CampaignMember)}

    def later(self, **length: float) -> datetime:
        return self.centre.now + timedelta(**length)
