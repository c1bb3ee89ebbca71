"""The assembled web application over real HTTP: ready, measured, and closed to strangers where it must be."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.stack import Stack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("app") / "var")
    stack.prepare()
    stack.start("serve", "worker")
    yield stack
    stack.stop()


def get(stack: Stack, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{stack.base_url}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def post(stack: Stack, path: str, body: dict[str, object], token: str = "") -> dict[str, object]:
    request = urllib.request.Request(f"{stack.base_url}{path}", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        parsed: dict[str, object] = json.loads(answer.read())
        return parsed


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/desk/login", "/chat/widget.js"])
def test_what_is_open_answers(stack: Stack, path: str) -> None:
    assert get(stack, path)[0] == 200


def test_a_message_is_answered_over_plain_http_and_counted(stack: Stack) -> None:
    token = str(post(stack, "/chat/web/visitors", {})["token"])
    message = {"id": "first-message-1", "text": "When are you open?"}
    accepted = post(stack, "/chat/web/messages", message, token)
    assert post(stack, "/chat/web/messages", message, token)["message_id"] == accepted["message_id"]
    request = urllib.request.Request(f"{stack.base_url}/chat/web/messages?after={accepted['message_id']}&wait=10")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        entries = json.loads(answer.read())["entries"]
    assert entries[0]["author"] == "bot"
    metrics = get(stack, "/metrics")[1]
    assert 'switchboard_messages_received_total{inbox="web",new="true"}' in metrics
    assert stack.query("select count(*) from message where direction = 'in'") == [(1,)]


def test_the_log_holds_no_word_of_the_customer(stack: Stack) -> None:
    token = str(post(stack, "/chat/web/visitors", {})["token"])
    secret = {"id": "canary-message", "text": "canary-7f3 my e-mail is canary@example.com"}
    post(stack, "/chat/web/messages", secret, token)
    request = urllib.request.Request(f"{stack.base_url}/chat/web/messages?after=0&wait=5")
    request.add_header("Authorization", f"Bearer {token}")
    urllib.request.urlopen(request, timeout=20).close()
    logs = "".join((stack.directory / f"{name}.log").read_text() for name in ("serve", "worker"))
    assert "canary" not in logs
    assert token not in logs


def test_a_worker_answers_what_a_killed_server_left(stack: Stack) -> None:
    token = str(post(stack, "/chat/web/visitors", {})["token"])
    accepted = post(stack, "/chat/web/messages", {"id": "left-behind-1", "text": "When are you open?"}, token)
    stack.kill("serve")
    stack.start("serve")
    request = urllib.request.Request(f"{stack.base_url}/chat/web/messages?after={accepted['message_id']}&wait=20")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.loads(answer.read())["entries"][0]["author"] == "bot"
