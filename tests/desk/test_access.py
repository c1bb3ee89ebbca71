import pytest
from fastapi import FastAPI

from tests.desk.test_guard import all_routes
from tests.support.desk_client import Browser, LogIn

READ = (
    "/desk/c/{}", "/desk/c/{}/customer", "/desk/c/{}/orders", "/desk/c/{}/letters/1", "/desk/c/{}/colleagues",
    "/desk/c/{}/macros", "/desk/c/{}/suggestions",
)  # fmt: skip
CHANGE = (
    "accept", "decline", "reply", "note", "transfer", "close", "intent", "resend", "mark_sent", "merge", "unmerge",
    "continue", "files", "escalate", "snooze", "wake", "take_over", "undo", "whisper",
    "reopen", "transcript", "pause_recording",
)  # fmt: skip
FIELDS = {
    "text": "Hello",
    "to": "queue:service",
    "rest": "hour",
    "held": "1",
    "disposition": "resolved",
    "after": "0",
    "message": "1",
    "intent": "complaint",
    "contact": "1",
    "merge": "1",
    "inbox": "1",
    "address": "1",
}


def test_every_route_about_a_conversation_is_in_this_matrix(app: FastAPI) -> None:
    paths = {path for path, _ in all_routes(app) if "conversation_id" in path}
    known = {path.format("{conversation_id}").replace("/letters/1", "/letters/{message_id}") for path in READ}
    assert paths == known | {"/desk/quality/{conversation_id}"} | {
        f"/desk/c/{{conversation_id}}/{name}" for name in CHANGE
    }


@pytest.mark.parametrize("path", READ)
async def test_another_team_s_conversation_is_not_there(log_in: LogIn, seeded: dict[str, int], path: str) -> None:
    other = await log_in("other")
    for name in ("maria", "anton", "lucia", "grace"):
        assert (await other.get(path.format(seeded[name]))).status_code == 404
        assert (await other.part(path.format(seeded[name]))).status_code == 404


@pytest.mark.parametrize("name", CHANGE)
async def test_another_team_s_conversation_cannot_be_changed(log_in: LogIn, seeded: dict[str, int], name: str) -> None:
    other = await log_in("other")
    for conversation in ("maria", "anton", "lucia"):
        answer = await other.post(f"/desk/c/{seeded[conversation]}/{name}", **FIELDS)
        assert answer.status_code == 404
        assert "belongs to another team" in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "reply", "transfer", "close", "resend", "mark_sent", "merge", "continue", "files", "escalate", "snooze", "wake",
        "take_over", "whisper", "pause_recording",
    ],
)  # fmt: skip
async def test_a_colleague_s_conversation_can_be_read_but_not_taken_in_hand(
    log_in: LogIn, seeded: dict[str, int], name: str
) -> None:
    pavel = await log_in("pavel")
    assert (await pavel.get(f"/desk/c/{seeded['maria']}")).status_code == 200
    assert (await pavel.post(f"/desk/c/{seeded['maria']}/{name}", **FIELDS)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        *READ, "/desk", "/desk/sessions", "/desk/review", "/desk/trouble", "/desk/reports", "/desk/reports/csv",
        "/desk/wallboard", "/desk/search", "/desk/quality", "/desk/quality/{}", "/desk/audit", "/desk/admin/people",
        "/desk/admin/people/1", "/desk/password", "/desk/admin/sign-in", "/desk/account/second-factor", "/desk/admin",
        "/desk/oversight",
    ],
)  # fmt: skip
async def test_a_stranger_is_shown_the_entrance(visitor: Browser, seeded: dict[str, int], path: str) -> None:
    answer = await visitor.get(path.format(seeded["maria"]))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/desk/login")
    part = await visitor.part(path.format(seeded["maria"]))
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/desk/login")


@pytest.mark.parametrize("name", CHANGE)
async def test_a_stranger_changes_nothing(visitor: Browser, seeded: dict[str, int], name: str) -> None:
    assert (await visitor.post(f"/desk/c/{seeded['maria']}/{name}", **FIELDS)).status_code == 401


@pytest.mark.parametrize("number", ["0", "-1", "1e0", "1.0", "%201", "true", "999999", "99999999999999999999999"])
async def test_an_odd_number_finds_nothing(elena: Browser, seeded: dict[str, int], number: str) -> None:
    assert (await elena.get(f"/desk/c/{number}")).status_code == 404


async def test_a_list_holds_only_what_its_reader_may_see(log_in: LogIn, seeded: dict[str, int]) -> None:
    other = await log_in("other")
    for tab in ("mine", "queue", "all", "closed", "nonsense"):
        page = (await other.get(f"/desk?tab={tab}")).text
        assert "data-row" not in page


async def test_a_supervisor_sees_every_team(log_in: LogIn, seeded: dict[str, int]) -> None:
    page = (await (await log_in("grace")).get("/desk?tab=all")).text
    assert page.count("data-row=") == 6


async def test_somebody_else_s_session_cannot_be_ended(log_in: LogIn) -> None:
    elena, pavel = await log_in("elena"), await log_in("pavel")
    second = await log_in("elena")
    page = (await elena.get("/desk/sessions")).text
    handle = page.split('name="id" value="')[1].split('"')[0]
    await pavel.post("/desk/sessions/revoke", id=handle)
    assert (await second.get("/desk")).status_code == 200
    await elena.post("/desk/sessions/revoke", id=handle)
    assert (await second.get("/desk")).status_code == 303
    assert (await elena.get("/desk")).status_code == 200


@pytest.mark.parametrize(("name", "status"), [("elena", 403), ("other", 403), ("grace", 200)])
async def test_only_supervisors_score_conversations(
    log_in: LogIn, seeded: dict[str, int], name: str, status: int
) -> None:
    browser, path = await log_in(name), f"/desk/quality/{seeded['maria']}"
    assert (await browser.get(path)).status_code == status
    assert (await browser.post(path, solved="5")).status_code == (303 if status == 200 else 403)


@pytest.mark.parametrize(("name", "status"), [("elena", 403), ("other", 403), ("grace", 200)])
async def test_only_supervisors_review_corrections(log_in: LogIn, name: str, status: int) -> None:
    browser = await log_in(name)
    assert (await browser.get("/desk/review")).status_code == status
    column = await browser.http.get("/desk/oversight", follow_redirects=True)
    assert ("/desk/review" in column.text) is (status == 200)
    answer = await browser.post("/desk/review/1", verdict="accept", text="Hello")
    assert answer.status_code == (409 if status == 200 else 403)
