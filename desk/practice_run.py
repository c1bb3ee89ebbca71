"""A lesson under way, shown by the parts of the real conversation page."""

from datetime import datetime, timedelta

from crm_core.contracts import JsonObject
from crm_core.practice import Entry as RunEntry
from crm_core.practice import Run, told_on
from crm_core.practice_order import order_of
from crm_core.states import Author, PracticeState, Visibility
from desk.macros import filled
from desk.moments import Clockface
from desk.orders import OrdersPanel, order_card
from desk.people import Chip, Wait, channel_icon, initials, intent_name, offered_until, promise
from desk.reader import Reader
from desk.services import Desk
from desk.views import (
    ConversationPage,
    CustomerPanel,
    Delivery,
    Entry,
    Fact,
    HandoffCard,
    Head,
    May,
    Moment,
    Option,
    ShownMacro,
)
from desk.words import Words, in_language

_STATES = {PracticeState.OFFERED: "offered", PracticeState.ACTIVE: "assigned"}


def place_of(run_id: int) -> str:
    """What stands for the conversation's number in addresses, element ids and drafts."""
    return f"practice-{run_id}"


def seen_of(run: Run) -> str:
    """Changes when the page has to."""
    return f"{len(run.entries)}-{run.state}-{int(run.is_typing)}-{run.step or ''}"


def practice_page(desk: Desk, reader: Reader, run: Run) -> ConversationPage:
    """As `read_conversation` gives it of a real one."""
    names = desk.services.business.company.dispositions
    dispositions = tuple(Option(key, in_language(each, reader.words.language)) for key, each in names.items())
    return ConversationPage(_head(reader, run), _timeline(run, reader.clock), False, (), dispositions)


def _head(reader: Reader, run: Run) -> Head:
    words, lesson = reader.words, run.lesson
    name = told(run, lesson.persona.name)
    is_active = run.state is PracticeState.ACTIVE
    return Head(
        place_of(run.id), _STATES.get(run.state, "closed"), name, name.split(" ", maxsplit=1)[0], initials(name),
        channel_icon(lesson.persona.channel), _subtitle(run, words), _wait(reader, run),
        May(accept=run.state is PracticeState.OFFERED, reply=is_active, note=is_active, resolve=is_active),
        _gate(run, words), words.known(f"languages_in.{run.language}", ""), _handoff(run, words),
        back="/desk/practice",
    )  # fmt: skip


def _subtitle(run: Run, words: Words) -> str:
    persona = run.lesson.persona
    how = words.known(f"verified_how.{persona.verified_how}", "")
    verified = (
        words("conversation.verified", how=how).strip() if persona.verified_how else words("conversation.unverified")
    )
    parts = (words("practice.mark"), words.known(f"channels.{persona.channel}", persona.channel))
    return " · ".join((*parts, words.known(f"languages.{run.language}", run.language), verified))


def _wait(reader: Reader, run: Run) -> Wait | None:
    """The countdown of the offer, then the promise of the first reply."""
    if run.state is PracticeState.OFFERED:
        return offered_until(reader.clock, offer_of(run))
    replied = any(one.said.author == Author.AGENT and one.said.step for one in run.entries)
    if run.accepted_at is None or replied or run.state is not PracticeState.ACTIVE:
        return None
    return promise(reader.clock, run.accepted_at, run.accepted_at + timedelta(seconds=run.lesson.targets.first_reply_s))


def offer_of(run: Run) -> JsonObject:
    return {"at": run.started_at.isoformat(), "until": run.offered_until.isoformat()}


def _gate(run: Run, words: Words) -> str:
    if run.state is PracticeState.ACTIVE:
        return words("practice.gate_done") if run.step is None and not run.is_typing else ""
    return words("practice.gate_offered" if run.state is PracticeState.OFFERED else "practice.gate_over")


def _handoff(run: Run, words: Words) -> HandoffCard:
    card, persona = run.lesson.briefing, run.lesson.persona
    reason = words.known(f"reasons.{card.reason}", "")
    signals = (Chip(words("signals.upset"), "bad"),) if persona.upset else ()
    return HandoffCard(
        words("handoff.titled", reason=reason) if reason else words("handoff.title"), told(run, card.wants),
        tuple(told(run, line) for line in card.found), tuple(told(run, line) for line in card.told), (), signals,
    )  # fmt: skip


def told(run: Run, said: dict[str, str]) -> str:
    """A text of the lesson in the language it is taken in, with its days."""
    return told_on(in_language(said, run.language), run.day, run.language)


def explained(reader: Reader, run: Run, said: dict[str, str]) -> str:
    """The same in the reader's own language, where the lesson has it."""
    language = reader.words.language if reader.words.language in said else run.language
    return told_on(in_language(said, language), run.day, language)


def _timeline(run: Run, clock: Clockface) -> tuple[Entry, ...]:
    entries, day = list[Entry](), ""
    for entry in run.entries:
        heading = clock.long_day(entry.said.at)
        entries.append(_entry(entry, run, clock, "" if heading == day else heading))
        day = heading
    return tuple(entries)


def _entry(entry: RunEntry, run: Run, clock: Clockface, day: str) -> Entry:
    said, words = entry.said, clock.words
    is_note, is_in = said.visibility == Visibility.INTERNAL, said.author == Author.CONTACT
    by = {Author.BOT: words("message.bot"), Author.AGENT: run.user_name}.get(Author(said.author), "")
    is_sent = not is_note and said.author == Author.AGENT
    delivery = Delivery(words("delivery.delivered"), "check-check", "") if is_sent else None
    return Entry(
        f"m-{entry.id}", str(entry.id), "note" if is_note else "message", "in" if is_in else "out", said.author,
        words("message.note_by", name=by) if is_note else by, said.text, _moment(said.at, clock), day,
        "" if is_note else run.language, delivery=delivery,
    )  # fmt: skip


def _moment(at: datetime, clock: Clockface) -> Moment:
    return Moment(at.isoformat(), clock.clock(at), clock.full(at))


def customer_panel(reader: Reader, run: Run) -> CustomerPanel:
    words, persona = reader.words, run.lesson.persona
    how = words.known(f"verified_how.{persona.verified_how}", "")
    known, tone = ("customer.verified", "ok") if persona.verified_how else ("customer.unverified", "warn")
    facts = [
        Fact(words("customer.name"), told(run, persona.name)),
        Fact(words("customer.identity"), how, mark=Chip(words(known), tone)),
    ]
    if persona.contact:
        kind = "customer.email" if "@" in persona.contact else "customer.phone"
        facts.append(Fact(words(kind), persona.contact, is_number="@" not in persona.contact))
    facts.append(Fact(words("customer.language"), words.known(f"languages.{run.language}", run.language)))
    facts.append(Fact(words("practice.about"), intent_name(persona.intent, words)))
    orders = f"/desk/c/{place_of(run.id)}/orders" if run.lesson.order else None
    return CustomerPanel(tuple(facts), orders_url=orders)


def practice_orders(reader: Reader, run: Run) -> OrdersPanel:
    """The fictive order; no ERP is asked."""
    here = f"/desk/c/{place_of(run.id)}/orders"
    if run.lesson.order is None:
        return OrdersPanel(here)
    order = order_of(run.lesson.order, run.day, reader.now)
    return OrdersPanel(here, (order_card(order, reader.clock),), reader.clock.clock(reader.now))


def practice_macros(desk: Desk, reader: Reader, run: Run) -> tuple[ShownMacro, ...]:
    """The company's own, filled in for the customer who is played."""
    company, name, agent = desk.services.business.company, told(run, run.lesson.persona.name), reader.viewer.name
    order, state = run.lesson.order, ""
    if order is not None:
        headline = order_of(order, run.day, reader.now).headline
        state = desk.words(run.language)(f"order_states.{headline}")
    values = {
        "contact.name": name, "contact.first_name": _first(name), "order.number": order.number if order else "",
        "order.state": state, "agent.name": agent, "agent.first_name": _first(agent), "company": company.name,
        "company.phone": company.phone, "company.email": company.email,
    }  # fmt: skip
    return tuple(
        ShownMacro(
            macro.key, in_language(macro.name, reader.words.language),
            filled(in_language(macro.text, run.language), values),
        )
        for macro in desk.services.business.macros.macros
    )  # fmt: skip


def _first(name: str) -> str:
    return name.split(maxsplit=1)[0] if name.split() else ""
