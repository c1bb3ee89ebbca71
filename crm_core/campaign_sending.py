"""One message of a campaign at a time: looked at once more, posted with its mark in one transaction, or put off."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, RowMapping, and_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.audience import Asked, Candidate, Terms, candidates
from crm_core.campaign_texts import LETTERS, Recipient, Worded, Wording, worded
from crm_core.campaign_values import Criteria, MemberState, Reason
from crm_core.campaigns import arms_of
from crm_core.consents import skip_event
from crm_core.contracts import ContactId, ConversationId, JsonObject
from crm_core.conversations import lock_conversation, open_conversation_of
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.models_campaigns import CampaignMember
from crm_core.outbox import SYSTEM_VOICE, Utterance, post
from crm_core.quiet_hours import allowed_at, zone_of
from crm_core.states import ConversationState

TURN_LOCK = 7_316_018  # one process at a time: what is counted for rates and caps must stand
TALKING = timedelta(hours=1)  # until we look again at somebody who is in a conversation
MINUTE = timedelta(minutes=1)
Link = Callable[[ContactId], str]


class Outcome(StrEnum):
    POSTED = "posted"
    SKIPPED = "skipped"
    PUT_OFF = "put_off"
    NOTHING = "nothing"  # nobody is due, or the rates are used up, or another process is at it


# A minute's share of each inbox, over all campaigns; who is due longest comes first.
_NEXT = text("""
with used as (
    select inbox_id, count(*) as n from campaign_member where posted_at > :minute_ago group by inbox_id
), full_inbox as (
    select i.id from inbox i join used u on u.inbox_id = i.id
    where u.n >= coalesce(cast(cast(:rates as jsonb) ->> i.channel as integer), :rate)
)
select m.id, m.campaign_id, m.arm_id, m.contact_id, c.inbox_ids, c.name,
       c.started_at + make_interval(days => c.send_days) < :now as is_late
from campaign_member m join campaign c on c.id = m.campaign_id
where m.state = 'waiting' and m.due_at <= :now and c.state = 'running'
  and m.inbox_id not in (select id from full_inbox)
order by m.due_at, m.id limit 1
""")


@dataclass(frozen=True, slots=True)
class Poster:
    """What is the same for every message. `link` is where one person gets rid of all of them."""

    terms: Terms
    link: Link

    @property
    def wording(self) -> Wording:
        rules = self.terms.rules
        return Wording(self.terms.company, rules.footer, rules.stop_hint)


async def post_next(session: AsyncSession, now: datetime, poster: Poster) -> Outcome:
    """One member further; all that it changes stands or falls with this transaction."""
    leads = await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": TURN_LOCK})
    member = (await session.execute(_NEXT, _rates(now, poster.terms))).mappings().one_or_none() if leads else None
    if member is None:
        return Outcome.NOTHING
    if not await _hold(session, member):
        return Outcome.SKIPPED
    if member["is_late"]:
        return await _skip(session, now, member, Reason.TOO_LATE)
    asked = Asked(Criteria(), member["inbox_ids"], member["campaign_id"], only=member["contact_id"])
    found = await candidates(session, now, poster.terms, asked)
    reason = found[0].reason if found else Reason.GONE
    if reason is not None:
        return await _skip(session, now, member, reason)
    return await _post_or_put_off(session, now, poster, member, found[0])


def _rates(now: datetime, terms: Terms) -> dict[str, object]:
    rates = json.dumps(terms.rules.rates_per_minute)
    return {"now": now, "minute_ago": now - MINUTE, "rates": rates, "rate": terms.rules.rate_of("")}


async def _hold(session: AsyncSession, member: RowMapping) -> bool:
    """Who withdraws meanwhile waits for us, and then calls off what we posted; False for who just left."""
    await session.execute(text("select from consent where contact_id = :contact_id for share"), dict(member))
    own = select(CampaignMember.id).where(_still_waits(member))
    running = text("select from campaign where id = :campaign_id and state = 'running' for share")
    is_running = (await session.execute(running, dict(member))).one_or_none() is not None
    return is_running and await session.scalar(own.with_for_update()) is not None


async def _post_or_put_off(
    session: AsyncSession, now: datetime, poster: Poster, member: RowMapping, to: Candidate
) -> Outcome:
    zone = zone_of(to.time_zone, to.uri, poster.terms.time_zone)
    due_at = allowed_at(now, zone, poster.terms.rules.quiet_hours)
    if due_at <= now and await _is_talking(session, to.contact_id):
        due_at = now + TALKING
    if due_at > now:
        await _mark(session, member, due_at=due_at)
        return Outcome.PUT_OFF
    arm = next(arm for arm in await arms_of(session, member["campaign_id"]) if arm.id == member["arm_id"])
    assert to.way is not None  # noqa: S101 - there is no reason against it
    link = poster.link(ContactId(to.contact_id)) if to.way.channel in LETTERS else None
    said = worded(arm.text_in(to.language), Recipient(to.name, to.language), poster.wording, link=link)
    there = await _conversation_for(session, now, member, to, said)
    utterance = Utterance(said.text, campaign_id=member["campaign_id"], unsubscribe=link)
    (message_id,) = await post(session, now, there, SYSTEM_VOICE, [utterance])
    await _mark(session, member, state=MemberState.POSTED.value, posted_at=now, message_id=message_id,
                inbox_id=to.way.inbox_id)  # fmt: skip
    detail: JsonObject = {"campaign_id": member["campaign_id"], "arm": arm.key, "message_id": message_id}
    await record(session, now, [Event(EventKind.CAMPAIGN_POSTED, SYSTEM, there.id, to.contact_id, detail)])
    return Outcome.POSTED


async def _is_talking(session: AsyncSession, contact_id: int) -> bool:
    """Whatever they write about comes first: no offer falls into it."""
    conversation = models.Conversation
    talking = select(conversation.id).where(
        conversation.contact_id == contact_id, conversation.state != ConversationState.CLOSED,
        conversation.last_inbound_at.is_not(None),
    )  # fmt: skip
    return await session.scalar(talking.limit(1)) is not None


async def _conversation_for(
    session: AsyncSession, now: datetime, member: RowMapping, to: Candidate, said: Worded
) -> models.Conversation:
    """Where an answer will arrive: of mail a thread for each campaign, of a messenger the one there is."""
    assert to.way is not None  # noqa: S101 - as above
    thread_key = f"campaign-{member['campaign_id']}" if to.way.channel in LETTERS else ""
    found = await open_conversation_of(session, to.contact_id, to.way.inbox_id, thread_key)
    if found is not None:
        return await lock_conversation(session, ConversationId(found.id))
    address_id = await session.scalar(select(models.Address.id).where(models.Address.uri == to.uri))
    there = models.Conversation(
        contact_id=to.contact_id, inbox_id=to.way.inbox_id, address_id=address_id, thread_key=thread_key,
        language=to.language, subject=said.subject or None, opened_at=now, state_at=now, last_message_at=now,
    )  # fmt: skip
    session.add(there)
    await session.flush()
    opened: JsonObject = {"channel": to.way.channel, "campaign_id": member["campaign_id"]}
    await record(session, now, [Event(EventKind.CONVERSATION_OPENED, SYSTEM, there.id, to.contact_id, opened)])
    return await lock_conversation(session, ConversationId(there.id))


async def _skip(session: AsyncSession, now: datetime, member: RowMapping, reason: Reason) -> Outcome:
    await _mark(session, member, state=MemberState.SKIPPED.value, reason=reason.value)
    await record(session, now, [skip_event(member["campaign_id"], member["contact_id"], reason)])
    return Outcome.SKIPPED


async def _mark(session: AsyncSession, member: RowMapping, **values: object) -> None:
    row = update(CampaignMember).where(_still_waits(member)).values(**values)
    await session.execute(row.execution_options(synchronize_session=False))


def _still_waits(member: RowMapping) -> ColumnElement[bool]:
    return and_(CampaignMember.id == member["id"], CampaignMember.state == MemberState.WAITING)
