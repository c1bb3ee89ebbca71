"""A working afternoon for the desk: conversations in every state, in three languages, on four channels."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from config.business import read_business
from config.settings import ROOT
from crm_core import models
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Card,
    Choice,
    ConversationId,
    Inbound,
    InboxId,
    JsonObject,
    Mark,
    Tone,
)
from crm_core.conversations import Handoff, HandoffSignals, accept, close, hand_off, lock_conversation
from crm_core.db import Sessions, unit_of_work
from crm_core.events import Actor
from crm_core.intake import receive
from crm_core.outbox import BOT_VOICE, Utterance, Voice, post
from crm_core.routing_rules import RoutingFiles, sync_rules
from crm_core.saying import release_held
from crm_core.states import Author, Visibility

INBOXES = (
    ("web", "webchat", "Web chat", True),
    ("mail", "email", "hello@oslo.example", False),
    ("tg", "telegram", "Telegram", False),
    ("fax", "fax", "Fax", False),
)


@cache
def shipped_rules() -> RoutingFiles:
    business = read_business(ROOT / "config")
    return RoutingFiles(business.queues.queues, business.hours.calendars, business.sla.policies)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as they first write."""

    name: str | None
    address: Address
    inbox: str
    language: str
    customer_ref: str | None = None


MARIA = Person("María López", Address(AddressKind.WEB, "visitor-maria"), "web", "es", "C-1001")
TOM = Person("Tom Walsh", Address(AddressKind.MAILTO, "tom.walsh@example.com"), "mail", "en", "C-1002")
ANTON = Person("Антон Соколов", Address(AddressKind.TELEGRAM, "55501"), "tg", "ru", "C-1003")
FAX = Person(None, Address(AddressKind.FAX, "+74955550102"), "fax", "ru")
DARIA = Person("Дарья Ким", Address(AddressKind.WEB, "visitor-daria"), "web", "ru")
LUCIA = Person("Lucía Fernández de la Torre y Mendoza", Address(AddressKind.WEB, "visitor-lucia"), "web", "es")
GRACE = Person("Grace Obi", Address(AddressKind.MAILTO, "grace.obi@example.com"), "mail", "en")


@dataclass(slots=True)
class Seeder:
    """Writes messages with times of their own; every call is one step of a conversation."""

    session: AsyncSession
    now: datetime
    inbox_ids: dict[str, InboxId] = field(default_factory=dict)
    _count: int = 0

    async def inboxes(self) -> None:
        """And the rules, so that queues promise what the shipped files say."""
        await sync_rules(self.session, shipped_rules())
        for key, channel, name, pulled in INBOXES:
            row = insert(models.Inbox).values(key=key, channel=channel, name=name, pulled=pulled)
            self.inbox_ids[key] = InboxId(int(await self.session.scalar(row.returning(models.Inbox.id)) or 0))

    def at(self, minutes_ago: float) -> datetime:
        return self.now - timedelta(minutes=minutes_ago)

    async def says(self, person: Person, text: str, minutes_ago: float, **more: object) -> ConversationId:
        self._count += 1
        inbound = Inbound(f"seed-{self._count}", person.address, text, language=person.language, **more)  # type: ignore[arg-type]
        received = await receive(self.session, self.at(minutes_ago), self.inbox_ids[person.inbox], inbound)
        values = {"name": person.name, "language": person.language, "customer_ref": person.customer_ref}
        contact = update(models.Contact).where(models.Contact.id == received.contact_id).values(**values)
        await self.session.execute(contact)
        language = {"language": person.language, "customer_ref": person.customer_ref}
        await self.session.execute(
            update(models.Conversation).where(models.Conversation.id == received.conversation_id).values(**language)
        )
        self.session.expire_all()
        return received.conversation_id

    async def understood(self, conversation_id: ConversationId, intent: str, confidence: float, **slots: str) -> None:
        """What the bot made of the latest message."""
        latest = f"(select max(id) from message where conversation_id = {int(conversation_id)} and direction = 'in')"
        entities = [{"kind": kind, "value": value} for kind, value in slots.items()]
        nlu = {"intent": intent, "confidence": confidence, "zone": "answer", "entities": entities}
        await self.session.execute(update(models.Message).where(models.Message.id == text(latest)).values(nlu=nlu))

    async def bot_says(self, conversation_id: ConversationId, said: Utterance, minutes_ago: float) -> None:
        conversation = await lock_conversation(self.session, conversation_id)
        await post(self.session, self.at(minutes_ago), conversation, BOT_VOICE, [said])

    async def agent_says(
        self, conversation_id: ConversationId, agent_id: int, text: str, minutes_ago: float, *, note: bool = False
    ) -> None:
        visibility = Visibility.INTERNAL if note else Visibility.PUBLIC
        conversation = await lock_conversation(self.session, conversation_id)
        voice = Voice(Author.AGENT, agent_id, visibility)
        await post(self.session, self.at(minutes_ago), conversation, voice, [Utterance(text)])
        if not note:
            conversation.first_replied_at = conversation.first_replied_at or self.at(minutes_ago)
            await self.session.flush()

    async def hands_off(self, conversation_id: ConversationId, handoff: Handoff, minutes_ago: float) -> None:
        conversation = await lock_conversation(self.session, conversation_id)
        conversation.intent = handoff.intent
        await hand_off(self.session, self.at(minutes_ago), conversation, handoff)

    async def verified(self, conversation_id: ConversationId, how: str, minutes_ago: float) -> None:
        values = {"verified_at": self.at(minutes_ago), "verified_how": how}
        await self.session.execute(
            update(models.Conversation).where(models.Conversation.id == conversation_id).values(**values)
        )


async def seed_afternoon(session: AsyncSession, now: datetime, agent_id: int, other_id: int) -> dict[str, int]:
    """Everything; the ids of the conversations by a short name."""
    seeder = Seeder(session, now)
    await seeder.inboxes()
    return {
        "maria_before": await _maria_before(seeder, agent_id),
        "maria": await _maria(seeder, agent_id),
        "tom": await _tom(seeder, agent_id),
        "anton": await _anton(seeder),
        "fax": await _fax(seeder),
        "daria": await _daria(seeder, other_id),
        "lucia": await _lucia(seeder),
        "grace": await _grace(seeder),
    }


async def _maria_before(seeder: Seeder, agent_id: int) -> ConversationId:
    week = 7 * 24 * 60
    opened = await seeder.says(MARIA, "¿Cuándo llega mi pedido 100234?", week)
    await seeder.bot_says(opened, Utterance("Su pedido 100234 llega el 18 de noviembre."), week - 1)
    conversation = await lock_conversation(seeder.session, opened)
    conversation.intent = "delivery_date"
    await accept(seeder.session, seeder.at(week - 2), opened, agent_id)  # type: ignore[arg-type]
    await close(seeder.session, seeder.at(week - 3), conversation, "order_informed", Actor.agent(agent_id))
    return opened


async def _maria(seeder: Seeder, agent_id: int) -> ConversationId:
    opened = await seeder.says(MARIA, "Hola, me llegaron solo dos sillas de las cuatro. Pedido 100234.", 9)
    await seeder.understood(opened, "delivery_partial", 0.94, order_number="100234")
    await seeder.verified(opened, "email_code", 9)
    card = Card(
        "Pedido 100234", "enviado en parte", Tone.WARN, 2, 4, ("2 de 4 sillas Oslo enviadas el 18 nov",),
        "Según el ERP a las 15:02", "https://www.seur.com/livetracking/82440117", "SEUR 82 440 117",
    )  # fmt: skip
    choices = (Choice("Espero", "wait"), Choice("Prefiero el reembolso", "refund"))
    text = "Las otras dos están pendientes de stock; llegan el 2 de diciembre. ¿Quiere esperar o prefiere el reembolso?"
    await seeder.bot_says(opened, Utterance(text, choices, card), 8.8)
    await seeder.says(MARIA, "Quiero hablar con una persona.", 8)
    await seeder.understood(opened, "talk_to_person", 0.98)
    handoff = Handoff(
        "asked_for_person", "service", "delivery_partial", "es", "Las dos sillas que no llegaron, o su dinero",
        ("Pedido 100234: 2 de 4 enviadas el 18 nov; el resto, pendiente, previsto el 2 dic",),
        ("La fecha prevista; no la aceptó",), {"order_number": "100234", "postcode": "28006"}, "100234",
        HandoffSignals(urgent=True, order_value="516.00 EUR"),
    )  # fmt: skip
    await seeder.hands_off(opened, handoff, 7.9)
    await accept(seeder.session, seeder.at(7), opened, agent_id)  # type: ignore[arg-type]
    note = "Stock in the Porto warehouse shows 6. Could ship from there today. @Pavel ok?"
    await seeder.agent_says(opened, agent_id, note, 6, note=True)
    await seeder.agent_says(opened, agent_id, "Buenas tardes, María. Soy Elena, lo miro ahora mismo.", 5)
    await seeder.says(MARIA, "Gracias. Las necesito antes del sábado.", 1.5)
    return opened


async def _tom(seeder: Seeder, agent_id: int) -> ConversationId:
    text = "Good afternoon,\n\ncould you split invoice 7718 by site, please? Our accountant needs one per office."
    opened = await seeder.says(
        TOM, text, 52, subject="Re: Invoice 7718", marks=frozenset({Mark.UNVERIFIED_SENDER}), extra=_letter_of_tom(),
        attachments=(Attachment("invoice-7718.pdf", "application/pdf", b"%PDF-1.7", stored_as="7" * 43),),
    )  # fmt: skip
    await seeder.understood(opened, "invoice_copy", 0.71)
    handoff = Handoff("low_confidence", "billing", "invoice_copy", "en", "Invoice 7718 split by site")
    await seeder.hands_off(opened, handoff, 51)
    await accept(seeder.session, seeder.at(40), opened, agent_id)  # type: ignore[arg-type]
    await seeder.agent_says(opened, agent_id, "Hello Tom, yes: I have asked billing and come back to you today.", 39)
    return opened


def _letter_of_tom() -> JsonObject:
    """What a mail has beside its words."""
    quoted = "On 20 November 2026 at 09:12 Oslo & Co. wrote:\n> Invoice 7718 is attached.\n> It is due on 4 December."
    markup = (
        "<p>Good afternoon,</p><p>could you split <b>invoice 7718</b> by site, please?</p>"
        "<table><tr><th>Site</th><th>Desks</th></tr><tr><td>Leeds</td><td>12</td></tr><tr><td>Bath</td><td>8</td></tr>"
        '</table><p><img src="https://pictures.example/logo.png" alt="Walsh Ltd"></p>'
    )
    return {"quoted": quoted, "html": markup, "sender_name": "Tom Walsh"}


async def _anton(seeder: Seeder) -> ConversationId:
    opened = await seeder.says(ANTON, "Вы обещали перезвонить до обеда. Второй раз подряд!", 7)
    await seeder.understood(opened, "complaint", 0.88)
    handoff = Handoff(
        "unhappy", "returns", "complaint", "ru", "Чтобы ему перезвонили сегодня",
        ("Заказ 100310 отгружен 20 ноября",), (), {"phone": "+7 903 555-01-77"},
    )  # fmt: skip
    await seeder.hands_off(opened, handoff, 7)
    return opened


async def _fax(seeder: Seeder) -> ConversationId:
    opened = await seeder.says(FAX, "Прошу изменить адрес доставки по заказу 100311 на ул. Ленина, 5.", 1)
    handoff = Handoff("needs_person", "service", "change_address", "ru")
    await seeder.hands_off(opened, handoff, 0.5)
    return opened


async def _daria(seeder: Seeder, other_id: int) -> ConversationId:
    opened = await seeder.says(DARIA, "Здравствуйте, деньги за возврат так и не пришли.", 25)
    handoff = Handoff("erp_unavailable", "returns", "refund_status", "ru", "Узнать, когда придут деньги")
    await seeder.hands_off(opened, handoff, 24)
    await accept(seeder.session, seeder.at(22), opened, other_id)  # type: ignore[arg-type]
    await seeder.agent_says(opened, other_id, "Здравствуйте, Дарья! Проверяю в бухгалтерии.", 21)
    return opened


async def _lucia(seeder: Seeder) -> ConversationId:
    opened = await seeder.says(LUCIA, "¿Tienen la mesa Bergen en roble?", 3)
    await seeder.understood(opened, "product_availability", 0.91)
    await seeder.bot_says(opened, Utterance("Sí, hay 12 unidades de la mesa Bergen en roble."), 2.9)
    return opened


async def _grace(seeder: Seeder) -> ConversationId:
    day = 26 * 60
    opened = await seeder.says(GRACE, "Thank you, the sofa is perfect.", day, subject="Sofa")
    conversation = await lock_conversation(seeder.session, opened)
    await close(seeder.session, seeder.at(day - 5), conversation, "resolved", Actor("bot"))
    return opened


async def release_all(sessions: Sessions, conversation_id: int, now: datetime | None = None) -> None:
    """The time to take replies back is over: what was held is said, as the worker does it."""
    async with unit_of_work(sessions) as session:
        conversation = await lock_conversation(session, ConversationId(conversation_id))
        await release_held(session, now or conversation.last_message_at, conversation)
