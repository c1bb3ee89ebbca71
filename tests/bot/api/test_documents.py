"""What is written about the API is true: the commands of docs/api.md run, the page and the OpenAPI say the same."""

import os
import re
import subprocess

import httpx
import pytest

from config.settings import ROOT
from tests.support.api_process import send_cases, served_api

COMMANDS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
SCOPE = re.compile(r"`(\w+:(?:read|write))`")


@pytest.mark.slow
def test_the_commands_of_the_document_run(database_url: str) -> None:
    with served_api(database_url) as served:
        known = {"KEY": served.key, "API": f"{served.url}/api/v1", "CONVERSATION": str(served.conversation_id)}
        found = httpx.get(
            f"{known['API']}/conversations/{served.conversation_id}", headers={"Authorization": f"Bearer {served.key}"}
        )
        known["CONTACT"] = str(found.json()["contact_id"])
        assert len(COMMANDS) == 6
        for command in COMMANDS:
            done = subprocess.run(
                ["bash", "-c", command], env=os.environ | known, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, command + done.stdout
            assert done.stdout.startswith("{")
            assert '"items":[]' not in done.stdout, command


@pytest.mark.slow
def test_no_odd_request_is_answered_with_a_fault(database_url: str) -> None:
    with served_api(database_url) as served:
        verdict = send_cases(served, examples=20, seed=7, phases="fuzzing")
    assert verdict.is_clean, verdict.told
    assert verdict.cases > 300


async def test_the_page_of_documents_lists_every_operation(http: httpx.AsyncClient) -> None:
    described = (await http.get("/api/v1/openapi.json")).json()
    page = (await http.get("/api/v1/docs")).text
    for path, operations in described["paths"].items():
        assert f"<code>/api/v1{path}</code>" in page
        assert all(told["summary"] in page for told in operations.values())
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
    outside = re.findall(r'(?:src|href)="(?![#/])[^"]*"', page)
    assert outside == []
    assert (await http.get("/api/v1/docs.css")).headers["content-type"].startswith("text/css")


async def test_document_and_openapi_know_the_same_scopes(http: httpx.AsyncClient) -> None:
    described = (await http.get("/api/v1/openapi.json")).json()
    told = {scope for one in described["paths"].values() for each in one.values() for scope in each["x-scopes"]}
    written = set(SCOPE.findall((ROOT / "docs" / "api.md").read_text()))
    assert written - told == {"notes:read", "whispers:read"}, "which open no address of their own"
    assert told <= written


async def test_what_is_not_there_is_told_as_a_problem(http: httpx.AsyncClient) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/contacts", 400), ("GET", "/", 404)):
        answer = await http.request(method, f"/api/v1{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
