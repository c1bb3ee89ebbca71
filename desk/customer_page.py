"""The customer beside the conversation: who they are, how we know, what they wrote before."""

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.continuation import ways_on
from crm_core.conversation_head import ConversationHead, KnownAddress
from crm_core.customer_values import value_of
from crm_core.kinship import EvidenceKind, Kin, PastMerge, kin_of, merges_into
from crm_core.states import Role
from crm_core.transcript_letters import proven_mail
from crm_core.transcripts import PastConversation, contact_timeline, transcript
from desk.conversation_page import may_of
from desk.customer_worth import worth_facts
from desk.people import Chip, channel_icon, intent_name, person_name, shown_address
from desk.reader import Reader
from desk.views import CustomerPanel, Fact, Past, ShownKin, ShownMail, ShownMerge, ShownWay

_KINDS = {"mailto": "email", "tel": "phone"}
MERGERS = (Role.LEAD, Role.SUPERVISOR, Role.ADMIN)
_NUMBERS = frozenset({"tel", "fax", "whatsapp", "telegram"})


async def read_customer(
    session: AsyncSession, reader: Reader, conversation_id: int, *, can_mail: bool = False
) -> CustomerPanel:
    """Raises NotFound for a conversation the reader may not see."""
    head = (await transcript(session, reader.reach, conversation_id)).conversation
    past = await contact_timeline(session, reader.reach, head.contact_id)
    merges = await merges_into(session, head.contact_id)
    return CustomerPanel(
        facts=_facts(head, past, reader) + worth_facts(await value_of(session, head.customer_ref), reader),
        timeline=tuple(_past(item, conversation_id, reader) for item in past),
        orders_url=f"/desk/c/{conversation_id}/orders" if head.customer_ref else None,
        conversation_id=conversation_id,
        ways=await _ways(session, head, reader),
        mail=await _mail(session, head, reader) if can_mail else None,
        kin=tuple(_kin(one, reader) for one in await kin_of(session, reader.reach, head.contact_id)),
        merges=tuple(_merge(one, reader) for one in merges),
        may_merge=reader.viewer.role in MERGERS,
    )


async def _ways(session: AsyncSession, head: ConversationHead, reader: Reader) -> tuple[ShownWay, ...]:
    """For the owner: whoever may reply may go on elsewhere."""
    if not may_of(head, reader).reply:
        return ()
    conversation = await session.get_one(models.Conversation, head.id)
    return tuple(
        ShownWay(way.inbox_id, way.address_id, channel_icon(way.channel), shown_address(way.uri), way.inbox_name)
        for way in await ways_on(session, conversation)
    )


async def _mail(session: AsyncSession, head: ConversationHead, reader: Reader) -> ShownMail | None:
    """Where the transcript may be sent: only who proved an address gets one."""
    may = may_of(head, reader)
    found = await proven_mail(session, head.contact_id) if may.reply or may.reopen else None
    return ShownMail(found.id, shown_address(found.uri)) if found else None


def _kin(kin: Kin, reader: Reader) -> ShownKin:
    words = reader.words
    name = person_name(kin.name, kin.addresses[0] if kin.addresses else None, words)
    evidence = (
        words(f"kin.{one.kind}", value=one.value if one.kind is EvidenceKind.SAME_CUSTOMER else _plain(one.value))
        for one in kin.evidence
    )
    return ShownKin(kin.contact_id, name, tuple(map(_plain, kin.addresses)), tuple(evidence))


def _merge(merge: PastMerge, reader: Reader) -> ShownMerge:
    name = person_name(merge.name, merge.addresses[0] if merge.addresses else None, reader.words)
    return ShownMerge(merge.id, name, reader.clock.day(merge.at))


def _plain(uri: str) -> str:
    return shown_address(uri) or uri.partition(":")[0]


def _facts(head: ConversationHead, past: list[PastConversation], reader: Reader) -> tuple[Fact, ...]:
    words = reader.words
    facts = [Fact(words("customer.name"), head.contact_name)] if head.contact_name else []
    facts.append(_identity(head, reader))
    facts += [_address(known, reader) for known in head.addresses if shown_address(known.uri)]
    if head.customer_ref:
        facts.append(Fact(words("customer.reference"), head.customer_ref, is_number=True))
    if head.language:
        facts.append(Fact(words("customer.language"), words.known(f"languages.{head.language}", head.language)))
    if past:
        facts.append(Fact(words("customer.since"), reader.clock.day(past[-1].opened_at), is_number=True))
    return tuple(facts)


def _identity(head: ConversationHead, reader: Reader) -> Fact:
    """Whether this conversation is verified, and how; the orders shown are those of that customer."""
    words = reader.words
    if head.verified_at is None:
        return Fact(words("customer.identity"), "", mark=Chip(words("customer.unverified"), "warn"))
    how = words.known(f"verified_how.{head.verified_how}", "")
    return Fact(words("customer.identity"), how, mark=Chip(words("customer.verified"), "ok"))


def _address(known: KnownAddress, reader: Reader) -> Fact:
    kind = known.uri.partition(":")[0]
    name = reader.words.known(f"customer.{_KINDS.get(kind, kind)}", kind)
    mark = Chip(reader.words("customer.verified"), "ok") if known.verified_at else None
    if known.unreachable_why:
        mark = Chip(reader.words.known(f"unreachable.{known.unreachable_why}", known.unreachable_why), "bad")
    return Fact(name, shown_address(known.uri), kind in _NUMBERS, mark)


def _past(item: PastConversation, open_id: int, reader: Reader) -> Past:
    words = reader.words
    text = intent_name(item.intent, words) if item.intent else words.known(f"channels.{item.channel}", item.channel)
    if item.survey_score is not None:
        text = f"{text} · {words('customer.rated', score=item.survey_score)}"
    return Past(
        channel_icon(item.channel), text, reader.clock.ago(item.opened_at), reader.clock.full(item.opened_at),
        None if item.id == open_id else f"/desk/c/{item.id}",
    )  # fmt: skip
