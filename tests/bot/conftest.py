"""The dialogue with the real NLU, real flows and replies, and an ERP in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dialogue.actions import ACTIONS
from bot.dialogue.context import Context, DialogueServices, Said
from bot.dialogue.handoff import tell_handoff
from bot.dialogue.listen import listen
from bot.dialogue.memory import Memory
from bot.dialogue.schema import Vocabulary, read_flows
from bot.knowledge import Knowledge
from bot.replies import Replies
from config.business import Business
from config.settings import ROOT
from crm_core.db import Sessions, open_readers
from crm_core.erp.port import Erp
from nlu.engine import NluResult, Zone
from nlu.native import NativeEngine
from nlu.products import ProductNames
from tests.support.nlu import loaded_engine
from tests.support.shop import PRODUCTS, Shop

LANGUAGES = ["en", "ru", "es"]


@pytest.fixture(scope="session")
def nlu() -> NativeEngine:
    """With the names of the shop's products, as a process has them."""
    names = ((product.sku, {"en": product.name, **product.names}) for product in PRODUCTS)
    return replace(loaded_engine(), products=ProductNames.of(names))


@pytest.fixture(scope="session")
def replies() -> Replies:
    return Replies.load(ROOT / "config" / "replies", LANGUAGES)


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return Knowledge.load(ROOT / "config" / "knowledge", LANGUAGES)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@dataclass
class MakeServices:
    """DialogueServices around an ERP; mail as the test wants it."""

    build: Callable[[Erp, bool], DialogueServices]

    def __call__(self, erp: Erp, *, mail: bool = False) -> DialogueServices:
        return self.build(erp, mail)


@pytest.fixture
def make_services(
    business: Business, sessions: Sessions, engine: AsyncEngine, replies: Replies, knowledge: Knowledge
) -> MakeServices:
    flows = read_flows(ROOT / "config" / "flows", Vocabulary(frozenset(ACTIONS), replies.keys()))
    readers = open_readers(engine)

    def build(erp: Erp, mail: bool) -> DialogueServices:  # noqa: FBT001
        return DialogueServices(flows, replies, knowledge, erp, business, sessions, readers, b"key", mail)

    return MakeServices(build)


@dataclass
class Talk:
    """A conversation without a database: each `say` is one message of the customer.

    `unclear` holds texts that are to be asked back, with the intents they may have: where a scene is about the asking
    back, it must not hang on how sure a model is of one text.
    """

    services: DialogueServices
    nlu: NativeEngine
    now: datetime
    language: str
    memory: Memory = field(default_factory=Memory)
    last: Context | None = None
    unclear: dict[str, list[str]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    proven: tuple[str, ...] = ()

    async def say(self, text: str, choice: str | None = None) -> str:
        """What the bot answers, all its messages joined."""
        result = self._understood(text)
        wished = result.entity("language") if result.intent == "change_language" else None
        self.language = wished.value if wished else result.language
        customer = self.last.customer if self.last else None
        said = Said(len(self.heard) + 1, text, result, choice)
        context = Context(self.services, self.memory, said, self.language, self.now, 1, 1, customer, self.proven)
        await listen(context)
        tell_handoff(context)
        self.memory, self.last = Memory.from_json(self.memory.as_json()), context
        answer = "\n".join(utterance.text for utterance in context.caused.utterances)
        self.heard.append(answer)
        return answer

    def _understood(self, text: str) -> NluResult:
        result = self.nlu.parse(text, languages=LANGUAGES, hint=self.language)
        if text not in self.unclear:
            return result
        shares = zip(self.unclear[text], (0.4, 0.3, 0.2), strict=True)
        return replace(result, intents=tuple(shares), zone=Zone.CLARIFY, clauses=())


@pytest.fixture
def talk(make_services: MakeServices, shop: Shop, nlu: NativeEngine, now: datetime) -> Callable[[str], Talk]:
    return lambda language: Talk(make_services(shop), nlu, now, language)


DIALOGUES = Path(__file__).parent / "dialogues"
