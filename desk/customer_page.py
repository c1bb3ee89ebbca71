"""The customer beside the conversation: who they are, how we know, what they wrote before."""

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.conversation_head import ConversationHead, KnownAddress
from crm_core.transcripts import PastConversation, contact_timeline, transcript
from desk.people import Chip, channel_icon, intent_name, shown_address
from desk.reader import Reader
from desk.views import CustomerPanel, Fact, Past

_KINDS = {"mailto": "email", "tel": "phone"}
_NUMBERS = frozenset({"tel", "fax", "whatsapp", "telegram"})


async def read_customer(session: AsyncSession, reader: Reader, conversation_id: int) -> CustomerPanel:
    """Raises NotFound for a conversation the reader may not see."""
    head = (await transcript(session, reader.reach, conversation_id)).conversation
    past = await contact_timeline(session, reader.reach, head.contact_id)
    orders_url = f"/desk/c/{conversation_id}/orders" if head.customer_ref else None
    timeline = tuple(_past(item, conversation_id, reader) for item in past)
    return CustomerPanel(_facts(head, past, reader), timeline, orders_url)


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
