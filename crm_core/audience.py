"""Who a campaign would reach: contacts that the criteria fit, each with the way to them or the reason why not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from config.business import Business
from config.campaign_files import Campaigns
from crm_core import models
from crm_core.campaign_values import Criteria, Purpose, Reason
from crm_core.continuation import WRITES_TO
from crm_core.contracts import JsonObject

CHANNELS = tuple(channel for channel in WRITES_TO if channel != "fax")

# One statement for the preview, for the lot and for the last look before each message: they cannot differ.
_AUDIENCE = text("""
with sold as (
    select customer_id, max(ordered_on) as last_on, count(distinct (source, order_id)) as orders,
           sum(amount) filter (where currency = :currency) as spent
    from fact_sale_line
    where stage not in ('cancelled', 'draft') and ordered_on is not null
      and (cast(:only as bigint) is null or customer_id = (select customer_ref from contact where id = :only))
    group by customer_id
), fitting as (
    select c.id, c.name, coalesce(c.language, :language) as language, c.time_zone, c.customer_ref,
           s.last_on, coalesce(s.orders, 0) as orders, coalesce(s.spent, 0) as spent
    from contact c left join sold s on s.customer_id = c.customer_ref
    where c.merged_into is null and c.erased_at is null
      and (cast(:only as bigint) is null or c.id = :only)
      and (cardinality(cast(:languages as text[])) = 0 or coalesce(c.language, :language) = any(:languages))
      and (cast(:within as date) is null or s.last_on >= :within)
      and (cast(:silent_since as date) is null or s.last_on < :silent_since)
      and (cast(:orders_from as integer) is null or s.orders >= :orders_from)
      and (cast(:spent_from as integer) is null or s.spent >= :spent_from)
      and (cardinality(cast(:segments as text[])) = 0 or exists (
            select from customer_value g where g.customer_id = c.customer_ref and g.segment = any(:segments)))
), way as (
    select distinct on (f.id) f.id, a.uri, i.inbox_id, i.channel
    from fitting f join address a on a.contact_id = f.id and a.unreachable_at is null
    join unnest(cast(:inbox_ids as bigint[]), cast(:schemes as text[]), cast(:channels as text[]))
         with ordinality as i(inbox_id, scheme, channel, place) on starts_with(a.uri, i.scheme || ':')
    order by f.id, i.place, a.id desc
)
select f.*, w.uri, w.inbox_id, w.channel, case
    when k.withdrawn_at is not null then 'unsubscribed'
    when k.given_at is null then 'no_consent'
    when w.id is null then 'unreachable'
    when exists (select from conversation v
                 where v.contact_id = f.id and v.state <> 'closed' and v.intent = 'complaint') then 'complaint'
    when exists (select from campaign_member m join campaign o on o.id = m.campaign_id
                 where m.contact_id = f.id and o.id <> :campaign_id and o.state in ('running', 'paused'))
         then 'other_campaign'
    when (select count(*) from campaign_member m
          where m.contact_id = f.id and m.posted_at > :counted_from) >= :most then 'capped'
    end as reason
from fitting f left join way w on w.id = f.id
left join consent k on k.contact_id = f.id and k.purpose = :purpose
order by f.id
""")


@dataclass(frozen=True, slots=True)
class Way:
    """Where to, in words of the tables."""

    inbox_id: int
    channel: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """`reason` and `way` exclude each other. What they bought is as of the ERP's last extract."""

    contact_id: int
    name: str | None
    language: str
    time_zone: str | None
    customer_ref: str | None
    uri: str | None
    way: Way | None
    reason: Reason | None
    last_on: date | None
    orders: int
    spent: Decimal

    def traits(self, today: date) -> JsonObject:
        """For the uplift: what was known before anything was sent."""
        return {
            "language": self.language, "channel": self.way.channel if self.way else "",
            "days_since_order": (today - self.last_on).days if self.last_on else None,
            "orders": self.orders, "spent": float(self.spent),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for everybody: the rules, the languages of the company, its currency."""

    rules: Campaigns
    languages: tuple[str, ...]
    currency: str
    time_zone: str
    company: str = ""


def terms_of(business: Business) -> Terms:
    company = business.company
    return Terms(business.campaigns, tuple(company.languages), company.currency, company.time_zone, company.name)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of one campaign; `only` looks at a single contact, whatever the criteria."""

    criteria: Criteria
    inbox_ids: Sequence[int]
    campaign_id: int = 0
    only: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """How many would be drawn, by language and channel, and how many not, by reason."""

    reached: int
    reasons: dict[Reason, int]
    languages: dict[str, int]
    channels: dict[str, int]


async def candidates(session: AsyncSession, now: datetime, terms: Terms, asked: Asked) -> list[Candidate]:
    """By contact; who cannot be written to as well, with the reason."""
    rows = await session.execute(_AUDIENCE, {**await _bound_ways(session, asked), **_bound(now, terms, asked)})
    return [_candidate(row) for row in rows.mappings()]


async def _bound_ways(session: AsyncSession, asked: Asked) -> dict[str, object]:
    """The inboxes in their order, with the kind of address each writes to."""
    wanted = []
    for inbox_id in asked.inbox_ids:
        inbox = await session.get(models.Inbox, inbox_id)
        if inbox is not None and inbox.active and inbox.channel in CHANNELS:
            wanted.append(inbox)
    return {
        "inbox_ids": [inbox.id for inbox in wanted], "channels": [inbox.channel for inbox in wanted],
        "schemes": [WRITES_TO[inbox.channel].value for inbox in wanted],
    }  # fmt: skip


def _bound(now: datetime, terms: Terms, asked: Asked) -> dict[str, object]:
    criteria, today = asked.criteria, now.date()
    return {
        "currency": terms.currency, "language": terms.languages[0], "only": asked.only,
        "campaign_id": asked.campaign_id, "purpose": Purpose.MARKETING.value,
        "languages": list(criteria.languages), "segments": list(criteria.segments),
        "within": _days_before(today, criteria.ordered_within_days),
        "silent_since": _days_before(today, criteria.not_ordered_for_days),
        "orders_from": criteria.orders_from, "spent_from": criteria.spent_from,
        "counted_from": now - timedelta(days=terms.rules.cap.days), "most": terms.rules.cap.messages,
    }  # fmt: skip


def _days_before(today: date, days: int | None) -> date | None:
    return today - timedelta(days=days) if days is not None else None


def _candidate(row: RowMapping) -> Candidate:
    reason = Reason(row["reason"]) if row["reason"] else None
    way = Way(row["inbox_id"], row["channel"]) if row["inbox_id"] is not None else None
    return Candidate(
        row["id"], row["name"], row["language"], row["time_zone"], row["customer_ref"], row["uri"],
        way if reason is None else None, reason, row["last_on"], row["orders"], Decimal(row["spent"]),
    )  # fmt: skip


def preview(found: Sequence[Candidate]) -> Preview:
    reached = [one for one in found if one.way is not None]
    return Preview(
        len(reached), dict(Counter(one.reason for one in found if one.reason is not None)),
        dict(Counter(one.language for one in reached)), dict(Counter(one.way.channel for one in reached if one.way)),
    )  # fmt: skip
