"""Who was just noted as seen, so that a page that asks every few seconds costs no write each time."""

from collections import OrderedDict
from datetime import datetime, timedelta

from crm_core.leaving import SEEN_EVERY

MOST_KNOWN = 20_000


class SeenLately:
    """In one process; each notes for itself, and the database keeps the latest."""

    def __init__(self, every: timedelta = SEEN_EVERY) -> None:
        self._every = every
        self._seen_at: OrderedDict[int, datetime] = OrderedDict()

    def is_news(self, conversation_id: int, now: datetime) -> bool:
        """True once in a while for each conversation; then it is to be noted."""
        before = self._seen_at.get(conversation_id)
        if before is not None and now - before < self._every:
            return False
        self._seen_at[conversation_id] = now
        self._seen_at.move_to_end(conversation_id)
        if len(self._seen_at) > MOST_KNOWN:
            self._seen_at.popitem(last=False)
        return True
