"""A contact centre with staff and inboxes, and nobody who wrote yet."""

from datetime import datetime

import pytest

from crm_core.db import Sessions
from tests.support.factories import Centre


@pytest.fixture
async def centre(sessions: Sessions, now: datetime) -> Centre:
    return await Centre(sessions, now).open()
