"""Mail in the desk: marks, quotes, the closed frame, and files that go with a reply."""

import pytest
from sqlalchemy import select

from crm_core import models
from crm_core.db import Sessions
from desk.uploads import file_name
from tests.support.desk_client import BASE, Browser, LogIn
from tests.support.desk_seed import release_all


async def letter_path(sessions: Sessions, conversation_id: int) -> str:
    message = models.Message
    statement = select(message.id).where(message.conversation_id == conversation_id).order_by(message.id).limit(1)
    async with sessions() as session:
        return f"/desk/c/{conversation_id}/letters/{await session.scalar(statement)}"


async def test_marks_quote_and_file_are_shown(elena: Browser, seeded: dict[str, int]) -> None:
    page = (await elena.get(f"/desk/c/{seeded['tom']}")).text
    for shown in ("Unverified sender", "Quoted text", "Formatted view", "Show pictures", "invoice-7718.pdf"):
        assert shown in page
    assert "pictures.example" not in page


async def test_the_frame_runs_and_loads_nothing(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    answer = await elena.get(await letter_path(sessions, seeded["tom"]))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "img-src data:;" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "<b>invoice 7718</b>" in answer.text


async def test_pictures_of_others_are_loaded_only_when_asked_for(
    elena: Browser, sessions: Sessions, seeded: dict[str, int]
) -> None:
    asked = await elena.get(f"{await letter_path(sessions, seeded['tom'])}?images=1")
    assert "img-src data: https: http:;" in asked.headers["content-security-policy"]


async def test_a_message_without_a_formatted_view_has_none(
    elena: Browser, sessions: Sessions, seeded: dict[str, int]
) -> None:
    path = await letter_path(sessions, seeded["maria"])
    assert (await elena.get(path)).status_code == 404
    number = (await letter_path(sessions, seeded["tom"])).rpartition("/")[2]
    assert (await elena.get(f"/desk/c/{seeded['maria']}/letters/{number}")).status_code == 404


async def upload(browser: Browser, conversation_id: int, content: bytes = b"%PDF-1.7", name: str = "bill.pdf") -> str:
    headers = {"X-CSRF-Token": browser.csrf, "X-File-Name": name, "Content-Type": "application/pdf", "Origin": BASE}
    answer = await browser.http.post(f"/desk/c/{conversation_id}/files", content=content, headers=headers)
    return str(answer.json()["token"]) if answer.status_code == 201 else str(answer.status_code)


async def test_a_file_goes_with_its_reply(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    token = await upload(elena, seeded["tom"])
    answer = await elena.post(f"/desk/c/{seeded['tom']}/reply", text="Here it is.", files=token, after="1")
    assert answer.status_code == 200
    assert "bill.pdf" in answer.text
    await release_all(sessions, seeded["tom"])
    async with sessions() as session:
        (row,) = await session.scalars(select(models.AttachmentRow).where(models.AttachmentRow.token == token))
        said = await session.get_one(models.Message, row.message_id)
    assert (row.name, row.size, said.text) == ("bill.pdf", 8, "Here it is.")


async def test_a_reply_whose_file_is_gone_is_not_sent(
    elena: Browser, sessions: Sessions, seeded: dict[str, int]
) -> None:
    answer = await elena.post(f"/desk/c/{seeded['tom']}/reply", text="Here it is.", files="x" * 43)
    assert answer.status_code == 404
    async with sessions() as session:
        assert await session.scalar(select(models.Message.id).where(models.Message.text == "Here it is.")) is None


@pytest.mark.parametrize(("content", "status"), [(b"", "422"), (b"x" * 20_000_001, "413")])
async def test_empty_and_huge_files_are_refused(
    elena: Browser, seeded: dict[str, int], content: bytes, status: str
) -> None:
    assert await upload(elena, seeded["tom"], content) == status


async def test_only_who_may_reply_attaches(log_in: LogIn, seeded: dict[str, int]) -> None:
    assert await upload(await log_in("pavel"), seeded["maria"]) == "403"


@pytest.mark.parametrize(
    ("given", "kept"), [("../../x.pdf", "x.pdf"), ("C:\\a\\b.txt", "b.txt"), ("", "file"), ("a\u202eb.pdf", "ab.pdf")]
)
def test_names_are_made_harmless(given: str, kept: str) -> None:
    assert file_name(given) == kept
