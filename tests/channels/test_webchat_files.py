"""Files of a chat: nothing that somebody uploads may run, and nobody guesses another's."""

from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest

from channels.webchat_files import content_type_of, safe_name
from channels.webchat_types import ChatLimits, Rate
from crm_core.contracts import Attachment
from tests.channels.conftest import open_client
from tests.support.chat_fake import FakeChat, chat_settings

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


async def upload(
    client: httpx.AsyncClient, bearer: dict[str, str], name: str, content_type: str, content: bytes
) -> httpx.Response:
    headers = {**bearer, "X-File-Name": quote(name), "Content-Type": content_type}
    return await client.post("/chat/web/attachments", content=content, headers=headers)


async def test_a_file_is_stored_and_sent_with_a_message(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str]
) -> None:
    stored = (await upload(client, bearer, "чек.png", "image/png", PNG)).json()
    assert (stored["name"], stored["is_image"], stored["size"]) == ("чек.png", True, len(PNG))
    body = {"id": "message-1", "text": "", "attachments": [stored["token"]]}
    assert (await client.post("/chat/web/messages", json=body, headers=bearer)).status_code == 200
    [attachment] = chat.received[0].attachments
    assert attachment == Attachment("чек.png", "image/png", PNG, stored_as=stored["token"])
    shown = await client.get(stored["url"])
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert shown.headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("name", "content_type", "content"),
    [
        ("x.svg", "image/svg+xml", b"<svg onload=alert(1)>"),
        ("x.html", "text/html", b"<script>alert(1)</script>"),
        ("x.png", "image/png", b"<script>alert(1)</script>"),
        ("x.xml", "application/xhtml+xml", b"<html/>"),
        ("x.pdf", "application/pdf", b"%PDF-1.7 <script>"),
        ("x.js", "text/javascript", b"alert(1)"),
        ("x.png", "image/png; charset=x", b"GIF89a"),
        ("x", "text/html\t", b"<b>"),
    ],
)
async def test_anything_but_a_true_picture_is_saved_and_never_run(
    client: httpx.AsyncClient, bearer: dict[str, str], name: str, content_type: str, content: bytes
) -> None:
    stored = (await upload(client, bearer, name, content_type, content)).json()
    answer = await client.get(stored["url"])
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\x.exe", "x.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie x"),
        ("", "file"),
        ("...", "file"),
        ("/", "file"),
        ("a\x00b.txt", "ab.txt"),
        ('quote".png', "quote.png"),
        ("Ñandú и мир.pdf", "Ñandú и мир.pdf"),
        ("\ud800.txt", "txt"),
    ],
)
def test_names_are_made_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_an_endless_name_keeps_its_ending() -> None:
    assert len(safe_name("x" * 10_000 + ".pdf")) <= 120
    assert safe_name("x" * 10_000 + ".pdf").endswith(".pdf")
    assert len(safe_name("x" * 10_000)) <= 120


def test_a_content_type_that_is_none_is_octets() -> None:
    assert content_type_of("text/html; charset=utf-8") == "text/html"
    assert (
        content_type_of("x\r\nEvil: 1") == content_type_of("") == content_type_of("a/b/c") == "application/octet-stream"
    )


async def test_a_name_cannot_start_another_header(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    stored = (await upload(client, bearer, 'a"\r\nX-Evil: 1\r\n.png', "image/png", PNG)).json()
    answer = await client.get(stored["url"])
    assert answer.status_code == 200
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("token", ["0" * 43, "x", "..", "%2e%2e%2fsecret", "0" * 42 + "%00"])
async def test_a_guessed_token_finds_nothing(client: httpx.AsyncClient, token: str) -> None:
    assert (await client.get(f"/files/{token}/x.png")).status_code == 404


async def test_a_file_over_the_limit_is_refused(chat: FakeChat) -> None:
    settings = chat_settings(limits=replace(ChatLimits(), file_bytes=1000, uploads=Rate(0.01, 2)))
    async with open_client(chat, settings) as client:
        bearer = {"Authorization": f"Bearer {(await client.post('/chat/web/visitors')).json()['token']}"}
        answers = [await upload(client, bearer, "a", "x/y", b"x" * size) for size in (1001, 1000, 1)]
    assert [answer.status_code for answer in answers] == [413, 201, 429]


async def test_an_empty_file_is_refused(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    assert (await upload(client, bearer, "a", "x/y", b"")).status_code == 422
