"""The real chat routes on ports in memory, to look at: `python -m tests.support.chat_demo [port]`."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from channels.webchat_routes import webchat_routes
from channels.webchat_types import Accepted, ChatEntry, ChatLimits, ChatState, ChatUpdates, EntryAuthor, Rate
from config.business import read_business
from config.settings import ROOT
from crm_core.contracts import Card, Choice, Inbound, Tone
from desk.public import public_router
from tests.support.chat_fake import FakeChat, chat_settings

REPLIES: dict[str, dict[str, Any]] = {
    "en": {
        "check": "First I will check that the order is yours. Please send the code we mailed to m•••@example.com.",
        "card": Card(
            "Order 100234", "partly shipped", Tone.WARN, 2, 4,
            ("2 of 4 × Chair “Oslo”", "1 × Table “Bergen”"),
            "SEUR 82 440 117 · as of 14:02", "https://track.example/82440117", "Follow the parcel",
        ),
        "told": "2 of the 4 chairs arrive tomorrow, 24 November. The other 2 are expected on 2 December.",
        "choices": ["Where is the courier?", "Money back", "A person, please"],
        "agent": "Good afternoon, this is Elena. I have found your two chairs in our Porto warehouse.",
        "bye": "Thank you. I am closing the conversation.",
    },
    "ru": {
        "check": "Чтобы показать заказ, проверю, что он ваш. Пришлите код из письма на m•••@example.com.",
        "card": Card(
            "Заказ 100234", "отправлен частично", Tone.WARN, 2, 4,
            ("2 из 4 × Стул «Осло»", "1 × Стол «Берген»"),
            "Трек SEUR 82 440 117 · данные на 14:02", "https://track.example/82440117", "Следить за посылкой",
        ),
        "told": "В пути 2 стула из 4, привезут завтра, 24 ноября. Ещё 2 ждём на складе до 2 декабря.",
        "choices": ["Где курьер?", "Вернуть деньги", "Позвать человека"],
        "agent": "Добрый день, меня зовут Елена. Я нашла ваши два стула на складе в Порту.",
        "bye": "Спасибо! Завершаю разговор.",
    },
    "es": {
        "check": "Para enseñarle el pedido compruebo que es suyo. Envíe el código del correo a m•••@example.com.",
        "card": Card(
            "Pedido 100234", "enviado en parte", Tone.WARN, 2, 4,
            ("2 de 4 × Silla «Oslo»", "1 × Mesa «Bergen»"),
            "SEUR 82 440 117 · datos de las 14:02", "https://track.example/82440117", "Seguir el paquete",
        ),
        "told": "2 de las 4 sillas llegan mañana, 24 de noviembre. Las otras 2, el 2 de diciembre.",
        "choices": ["¿Dónde está el repartidor?", "Devolver el dinero", "Hablar con alguien"],
        "agent": "Buenas tardes, soy Elena. He encontrado sus dos sillas en nuestro almacén de Oporto.",
        "bye": "Gracias. Cierro la conversación.",
    },
}  # fmt: skip


class DemoChat(FakeChat):
    """Answers by a script: order, code, a person, `bye`."""

    async def receive(self, inbox_key: str, inbound: Inbound) -> Accepted:
        accepted = await super().receive(inbox_key, inbound)
        if not accepted.duplicate:
            self.task = asyncio.create_task(self._answer(inbound))
        return accepted

    async def _answer(self, inbound: Inbound) -> None:
        visitor, said = inbound.sender.value, REPLIES[inbound.language or "en"]
        await asyncio.sleep(0.9)
        if inbound.choice == "talk_to_person":
            self.set_status(visitor, ChatUpdates((), ChatState.QUEUED, 2, 100))
            await asyncio.sleep(3)
            self.set_status(visitor, ChatUpdates((), ChatState.AGENT, agent_name="Елена Морозова"))
            self.wake(visitor, "agent")
            await asyncio.sleep(2)
            self._say(visitor, said["agent"], EntryAuthor.AGENT)
        elif "bye" in inbound.text.lower():
            self._say(visitor, said["bye"], self._author(visitor))
            self.set_status(visitor, ChatUpdates((), ChatState.CLOSED, survey_due=True))
        elif any(letter.isdigit() for letter in inbound.text) and self.status[visitor].state is not ChatState.AGENT:
            choices = tuple(Choice(label, label) for label in said["choices"])
            entry = ChatEntry(0, datetime.now(UTC), EntryAuthor.BOT, said["told"], choices=choices, card=said["card"])
            self.say(visitor, entry)
        elif self.status[visitor].state is not ChatState.AGENT:
            if self.status[visitor].state is ChatState.CLOSED:
                self.set_status(visitor, ChatUpdates())
            self._say(visitor, said["check"], EntryAuthor.BOT)

    def _author(self, visitor: str) -> EntryAuthor:
        return EntryAuthor.AGENT if self.status[visitor].state is ChatState.AGENT else EntryAuthor.BOT

    def _say(self, visitor: str, text: str, author: EntryAuthor) -> None:
        name = "Елена Морозова" if author is EntryAuthor.AGENT else None
        self.say(visitor, ChatEntry(0, datetime.now(UTC), author, text, agent_name=name))


def demo_app(port: int, chat: FakeChat) -> FastAPI:
    limits = ChatLimits(visitors=Rate(1000, 1000), letters=Rate(1000, 1000))
    settings = replace(chat_settings(f"http://127.0.0.1:{port}"), limits=limits)
    app = FastAPI()
    app.include_router(webchat_routes(chat.ports(), settings))
    app.include_router(public_router(read_business(ROOT / "config")))
    app.mount("/static", StaticFiles(directory=ROOT / "desk" / "static"))
    return app


if __name__ == "__main__":
    PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8190
    uvicorn.run(demo_app(PORT, DemoChat()), port=PORT, ws="websockets-sansio", ws_max_size=65_537, log_level="warning")
