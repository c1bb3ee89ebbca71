"""What customers ask for beside what is on: words of messages no flow answers, languages that nobody answers in."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Reach, audible, visible_conversations
from crm_core.models import Conversation, Message
from crm_core.reporting import Dimension, Figures, Period
from crm_core.states import Direction
from crm_core.step_findings import Scope
from nlu.foreign_languages import foreign_languages

MOST_MESSAGES, MOST_WORDS, FEWEST_CONVERSATIONS = 2_000, 12, 3
FEWEST_FOREIGN = 2  # one text may be a quotation, or mistaken
_WORD = re.compile(r"[^\W\d_]{4,}")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# of four letters and more: what people ask with, not about
PASSED_OVER = _listed(
    """
    about after again also because been before being could does done down each else even ever every from good have hello
    here into just know like long made make many more most much must need only other over please really same should some
    such take tell than thank thanks that their them then there these they thing this those today told very want wanted
    well were what when where which while will with without would your yours
    algo antes aquí buenas buenos como cómo cuando cuándo cual cuál cuánto desde donde dónde días ella ellos entre eran
    esta está están estas este esto estos favor gracias hace hacer hasta hola luego mucho muchas nada necesito nosotros
    para pero poder porque puede pueden puedo quiero quien quién saber según sido sobre solo somos soy también tarde
    tardes tengo tiene tienen todas todo todos unas unos usted ustedes
    были было быть вами вашей ваши вашу весь будет вчера день добрый другой если есть ещё завтра здравствуйте какая
    какие какой когда которая который кроме меня мини мною можете можно могу надо нами нашей наши нужна нужно очень
    перед пожалуйста после потом почему привет просто свой себя сегодня сейчас скажите спасибо такая такие такой также
    теперь только тоже тогда уже хотел хотела хотите хочу чего через чтобы этих этого этой этом этому
    """
)


@dataclass(frozen=True, slots=True)
class Written:
    conversation_id: int
    text: str


async def read_unknown(session: AsyncSession, reach: Reach, period: Period) -> list[Written]:
    """The newest messages that the bot gave to a person because nothing it can do fits."""
    statement = (
        select(Message.conversation_id, Message.text)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            visible_conversations(reach), audible(reach, Message), Message.direction == Direction.IN,
            Message.nlu["zone"].as_string() == "handoff", Message.created_at >= period.since,
            Message.created_at < period.until,
        )
        .order_by(Message.id.desc())
        .limit(MOST_MESSAGES)
    )  # fmt: skip
    return [Written(*row) for row in await session.execute(statement)]


async def scope_of(
    groups: Mapping[Dimension, Mapping[str, Figures]], unknown: Sequence[Written], languages: Collection[str]
) -> Scope:
    """Telling languages takes a moment: in a thread."""
    foreign = await asyncio.to_thread(foreign_languages, (each.text for each in unknown), languages)
    by = {dimension: _sizes(groups.get(dimension, {})) for dimension in Dimension}
    return Scope(
        by[Dimension.CHANNEL], by[Dimension.LANGUAGE], by[Dimension.INTENT], frequent_words(unknown), len(unknown),
        {code: count for code, count in foreign.most_common() if count >= FEWEST_FOREIGN},
    )  # fmt: skip


def _sizes(groups: Mapping[str, Figures]) -> dict[str, int]:
    """Contacts for people, and conversations the bot had: the larger of the two, since one may be both."""
    found = {key: max(int(of["offered"].value or 0), of["containment_lenient"].n) for key, of in groups.items()}
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def frequent_words(unknown: Iterable[Written]) -> dict[str, int]:
    """Words by the conversations they occur in; what few people wrote may be a name and is left out."""
    seen = {(each.conversation_id, word) for each in unknown for word in _words(each.text)}
    found = Counter(word for _, word in seen)
    frequent = [(word, n) for word, n in found.items() if n >= FEWEST_CONVERSATIONS]
    return dict(sorted(frequent, key=lambda each: (-each[1], each[0]))[:MOST_WORDS])


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if word not in PASSED_OVER}
