import re
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from desk.guard import MOST_FIELDS, MOST_FORM_BYTES, safe_next
from tests.support.desk_client import BASE, Browser

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def changing_paths(app: FastAPI, conversation_id: int) -> list[str]:
    """Every address of the desk that takes a POST, but for the entrance, which has tests of its own."""
    paths = {path for path, methods in all_routes(app) if "POST" in methods and path.startswith("/desk")}
    inside = sorted(path for path in paths if not path.startswith(("/desk/login", "/desk/setup")))
    named = [path.replace("{key}", "service").replace("{step}", "company") for path in inside]
    return [re.sub(r"\{\w+\}", str(conversation_id), path) for path in named]


def all_routes(app: FastAPI) -> list[tuple[str, set[str]]]:
    found = []
    stack = list(app.routes)
    while stack:
        route = stack.pop()
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        stack += getattr(inner, "routes", []) if inner is not None else []
        if getattr(route, "methods", None):
            found.append((route.path, set(route.methods)))  # type: ignore[attr-defined]
    return found


async def test_there_are_as_many_changing_routes_as_we_think(app: FastAPI) -> None:
    assert len(changing_paths(app, 1)) == 81


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, ""),
        ({"X-CSRF-Token": "guess"}, ""),
        ({}, "guess"),
        ({"Origin": "https://evil.example"}, "right"),
        ({"Origin": "null"}, "right"),
        ({"Origin": "http://desk.test.evil.example"}, "right"),
        ({"Sec-Fetch-Site": "cross-site"}, "right"),
        ({"Sec-Fetch-Site": "same-site"}, "right"),
    ],
)
async def test_a_change_that_our_page_did_not_ask_for_is_refused(
    app: FastAPI, elena: Browser, seeded: dict[str, int], headers: dict[str, str], token: str
) -> None:
    fields = {"csrf_token": elena.csrf if token == "right" else token, "state": "away"}
    for path in changing_paths(app, seeded["maria"]):
        answer = await elena.http.post(path, data=fields, headers=headers)
        assert answer.status_code == 403, path
        assert "did not come from this page" in answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/json", ""])
async def test_only_plain_forms_are_read(elena: Browser, content_type: str) -> None:
    headers = {"X-CSRF-Token": elena.csrf, "Content-Type": content_type}
    answer = await elena.http.post("/desk/state", content=b"state=away", headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"text=%ff%fe", b"\xff=1", b"a=1&" * (MOST_FIELDS + 1)])
async def test_a_broken_form_is_refused(elena: Browser, body: bytes) -> None:
    headers = {"X-CSRF-Token": elena.csrf} | FORM
    assert (await elena.http.post("/desk/state", content=body, headers=headers)).status_code == 400


async def test_a_huge_form_is_refused(elena: Browser) -> None:
    body = b"state=" + b"x" * MOST_FORM_BYTES
    headers = {"X-CSRF-Token": elena.csrf} | FORM
    assert (await elena.http.post("/desk/state", content=body, headers=headers)).status_code == 413


@pytest.mark.parametrize("path", ["/desk", "/desk/login", "/desk/sessions", "/desk/nothing", "/desk/c/1", "/desk/c/x"])
async def test_every_page_sends_the_security_headers(elena: Browser, path: str) -> None:
    headers = (await elena.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


async def test_pages_hold_nothing_that_the_policy_forbids(elena: Browser, seeded: dict[str, int]) -> None:
    for path in ("/desk", f"/desk/c/{seeded['maria']}", "/desk/sessions"):
        page = (await elena.get(path)).text
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/desk//evil.example",
        "/desk@evil.example", "/deskevil", "\t//evil.example", "/desk/c/1\r\nSet-Cookie: a=b", "", None, "/chat",
    ],
)  # fmt: skip
def test_nobody_is_sent_anywhere_else(wanted: str | None) -> None:
    assert safe_next(wanted) == "/desk"


@pytest.mark.parametrize("wanted", ["/desk", "/desk/c/12", "/desk?tab=queue", "/desk/sessions"])
def test_one_is_sent_to_pages_of_the_desk(wanted: str) -> None:
    assert safe_next(wanted) == wanted


async def test_a_poisoned_host_changes_no_address(visitor: Browser) -> None:
    answer = await visitor.get("/desk", Host="evil.example", **{"X-Forwarded-Host": "evil.example"})
    assert urlsplit(answer.headers["location"]).netloc == ""
    assert BASE.removeprefix("http") in answer.headers["content-security-policy"]
