"""The deliberately broken variant: acknowledges first and stores later, in a background task. Must lose messages."""

import asyncio
import itertools

import bot.app
from bot.chat_ports import ChatDoors
from bot.serve import serve
from channels.webchat_types import Accepted
from config.settings import Settings
from crm_core.contracts import ConversationId, Inbound, MessageId

_made_up = itertools.count(1)
_background: set[asyncio.Task[Accepted]] = set()
STORE_LATER_S = 0.05


class AcknowledgingFirst(ChatDoors):
    """Says 200 before the insert."""

    async def receive(self, inbox_key: str, inbound: Inbound) -> Accepted:
        async def later() -> Accepted:
            await asyncio.sleep(STORE_LATER_S)
            return await ChatDoors.receive(self, inbox_key, inbound)

        task = asyncio.create_task(later())
        _background.add(task)
        task.add_done_callback(_background.discard)
        return Accepted(MessageId(next(_made_up)), ConversationId(1))


def main() -> None:
    bot.app.ChatDoors = AcknowledgingFirst  # type: ignore[misc]
    asyncio.run(serve(Settings()))


if __name__ == "__main__":
    main()
