"""“… is typing” on channels that can show it, while the bot thinks or an agent writes."""

import asyncio
import time
from collections.abc import Mapping

from sqlalchemy import RowMapping, select
from sqlalchemy.exc import SQLAlchemyError

from bot.inboxes.parts import OpenInbox
from channels.protocol import TypingSign
from crm_core import models
from crm_core.contracts import Address, AddressKind
from crm_core.db import Sessions
from crm_core.signals import Signal, Topic

AGAIN_S = 4.0  # Telegram shows it for five seconds
MOST_KEPT = 1_000


class TypingSigns:
    """Listens to signals; several processes that do so show the same sign, which does no harm."""

    def __init__(self, readers: Sessions, inboxes: Mapping[str, OpenInbox]) -> None:
        self._readers = readers
        shown = {key: inbox.channel for key, inbox in inboxes.items()}
        self._signs = {key: channel for key, channel in shown.items() if isinstance(channel, TypingSign)}
        self._shown_at: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def on_signal(self, signal: Signal) -> None:
        bot_thinks = signal.topic is Topic.CONVERSATION and signal.detail == "in"
        agent_writes = signal.topic is Topic.TYPING and signal.detail == "agent"
        if self._signs and (bot_thinks or agent_writes) and self._is_due(signal.id):
            task = asyncio.create_task(self._show(signal.id), name=f"typing-{signal.id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_due(self, conversation_id: int) -> bool:
        now = time.monotonic()
        if now - self._shown_at.get(conversation_id, -AGAIN_S) < AGAIN_S:
            return False
        if len(self._shown_at) >= MOST_KEPT:
            self._shown_at.clear()
        self._shown_at[conversation_id] = now
        return True

    async def _show(self, conversation_id: int) -> None:
        try:
            row = await self._customer_of(conversation_id)
        except (SQLAlchemyError, OSError):
            return
        if row is not None:
            kind, _, value = row["uri"].partition(":")
            await self._signs[row["key"]].show_typing(Address(AddressKind(kind), value))

    async def _customer_of(self, conversation_id: int) -> RowMapping | None:
        conversation, address, inbox = models.Conversation, models.Address, models.Inbox
        statement = (
            select(inbox.key, address.uri)
            .select_from(conversation)
            .join(inbox, inbox.id == conversation.inbox_id)
            .join(address, address.id == conversation.address_id)
            .where(conversation.id == conversation_id, inbox.key.in_(self._signs))
        )
        async with self._readers() as session:
            return (await session.execute(statement)).mappings().one_or_none()
