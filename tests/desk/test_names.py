"""What the business wrote in one language only is shown in that one."""

import pytest

from config.routing_files import Queues
from tests.desk.conftest import LogIn
from tests.support.desk_app import DeskParts

pytestmark = pytest.mark.usefixtures("seeded")


@pytest.mark.parametrize("path", ["/desk/roster", "/desk/reports", "/desk/search", "/desk/five-steps/print"])
async def test_a_queue_without_a_name_in_the_reader_s_language_has_another_one(
    log_in: LogIn, parts: DeskParts, path: str
) -> None:
    first, *others = parts.business.queues.queues
    named = first.model_copy(update={"name": {"ru": "Поддержка"}})
    parts.business.queues = Queues(queues=[named, *others])
    answer = await (await log_in("grace")).get(path)
    assert answer.status_code == 200
    assert "Поддержка" in answer.text
