"""Transcript search over many messages in three languages on PostgreSQL (fsync on), by one who sees all of them.

Words from the rare to the frequent, phrases, filters, second pages; every kind of search as often as the others.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.report import percentile, tell
from crm_core.access import Reach, Viewer
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work, utc_now
from crm_core.search import TranscriptQuery, search_transcripts
from crm_core.states import Role
from tests.support.postgres import migrated_database, running_postgres

SEED = 5
A_CONVERSATION = 8  # messages
VOCABULARY = {
    "en": "order parcel delivery courier refund invoice chair table sofa broken late arrived waiting address payment "
          "warehouse account discount return warranty assembly screws missing colour oak yesterday please tomorrow",
    "ru": "заказ посылка доставка курьер возврат счёт стул стол диван сломан опоздал привезли ждём адрес оплата склад "
          "скидка гарантия сборка винты отсутствует цвет дуб вчера пожалуйста завтра коробка получили менеджер",
    "es": "pedido paquete entrega mensajero reembolso factura silla mesa sofá roto tarde llegó esperando dirección "
          "pago almacén cuenta descuento devolución garantía montaje tornillos falta color roble ayer mañana caja",
}  # fmt: skip
SEARCHES = (
    TranscriptQuery("courier"), TranscriptQuery("посылки"), TranscriptQuery("reclamacion devoluciones"),
    TranscriptQuery('"broken chair"'), TranscriptQuery('"стул сломан"'), TranscriptQuery("parcel -late refund"),
    TranscriptQuery("needle7"), TranscriptQuery("order OR pedido OR заказ"), TranscriptQuery("pedidos", language="es"),
    TranscriptQuery("invoice", channel="web", state="closed"), TranscriptQuery("гарантия", queue="billing"),
    TranscriptQuery("delivery", rated_at_most=2), TranscriptQuery("диван", confidence_below=0.5),
    TranscriptQuery("", rated_at_most=2), TranscriptQuery("sofa", since=utc_now() - timedelta(days=30)),
)  # fmt: skip


def sentences(many: int) -> Iterator[tuple[str, str]]:
    """Language and text; words are drawn by Zipf's law, and one in a thousand holds a needle."""
    draw = random.Random(SEED)
    words = {language: known.split() for language, known in VOCABULARY.items()}
    weights = {language: [1 / rank for rank in range(1, len(known) + 1)] for language, known in words.items()}
    for number in range(many):
        language = ("en", "ru", "es")[number // A_CONVERSATION % 3]
        said = draw.choices(words[language], weights[language], k=draw.randint(4, 30))
        yield language, " ".join([*said, *([f"needle{number % 97}"] if number % 1000 == 0 else [])])


async def fill(session: AsyncSession, messages: int) -> None:
    """Contacts, conversations and messages as intake and agents leave them, without their events."""
    many = messages // A_CONVERSATION
    bound = {"many": many, "now": utc_now()}
    for statement in (
        "insert into inbox (key, channel, name) values ('web', 'web', 'Web'), ('mail', 'email', 'Mail')",
        "insert into contact (name, created_at) select 'Contact ' || n, :now from generate_series(1, :many) n",
        """insert into conversation (contact_id, inbox_id, state, queue_key, language,
                                     opened_at, last_message_at, state_at)
           select n, 1 + n % 2, 'closed', case n % 3 when 0 then 'billing' else 'service' end,
                  (array['en', 'ru', 'es'])[1 + (n - 1) % 3], :now, :now, :now from generate_series(1, :many) n""",
        """insert into survey (conversation_id, kind, sent_at, score)
           select n, 'csat', :now, 1 + n % 5 from generate_series(1, :many, 4) n""",
    ):
        names = {name: value for name, value in bound.items() if f":{name}" in statement}
        await session.execute(text(statement), names)
    rows = [
        {"conversation": number // A_CONVERSATION + 1, "language": language, "said": said,
         "confidence": number % 100 / 100, "at": utc_now() - timedelta(minutes=messages - number)}
        for number, (language, said) in enumerate(sentences(many * A_CONVERSATION))
    ]  # fmt: skip
    insert = text("""
        insert into message (conversation_id, inbox_id, direction, author, text, language, nlu, created_at)
        values (:conversation, 1, 'in', 'contact', :said, :language,
                jsonb_build_object('confidence', cast(:confidence as float)), :at)
    """)
    for start in range(0, len(rows), 5_000):
        await session.execute(insert, rows[start : start + 5_000])


async def measure(sessions: Sessions, rounds: int) -> list[float]:
    """Milliseconds of each search, first pages and second ones."""
    reach, taken = Reach(Viewer(1, Role.SUPERVISOR, frozenset(), "Grace")), list[float]()
    for _ in range(rounds):
        for query in SEARCHES:
            before: int | None = None
            for _page in range(2):
                started = time.perf_counter()
                async with unit_of_work(sessions) as session:
                    before = (await search_transcripts(session, reach, query, before)).before
                taken.append(1000 * (time.perf_counter() - started))
                if before is None:
                    break
    return taken


async def run(messages: int, rounds: int) -> tuple[dict[str, object], int]:
    with tempfile.TemporaryDirectory() as directory, running_postgres(Path(directory), fast=False) as server:
        engine = open_engine(migrated_database(server, "search"), pool_size=1)
        sessions = open_sessions(engine)
        async with unit_of_work(sessions) as session:
            await fill(session, messages)
        async with unit_of_work(sessions) as session:
            await session.execute(text("analyze"))
        taken = await measure(sessions, rounds)
        await engine.dispose()
    figures: dict[str, object] = {
        "messages": messages, "p50_ms": round(percentile(taken, 0.5), 1), "p95_ms": round(percentile(taken, 0.95), 1)
    }  # fmt: skip
    return figures, len(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages and rounds")
    parser.add_argument("--messages", type=int, default=100_000)
    given = parser.parse_args()
    messages, rounds = (20_000, 4) if given.quick else (given.messages, 12)
    figures, searches = asyncio.run(run(messages, rounds))
    tell(figures, n=searches, seed=SEED)


if __name__ == "__main__":
    main()
