"""What the browser loads: small, ours alone, and embeddable only where it may be."""

import re

import httpx
import pytest

from channels.webchat_edge import origin_of, own_origins
from channels.webchat_page import STATIC, ink_on


async def test_the_loader_is_small_and_knows_the_colours(client: httpx.AsyncClient) -> None:
    answer = await client.get("/chat/widget.js")
    assert len(answer.content) < 5000
    assert '{"web":["#3450c8","#fff"],"other":["#3450c8","#fff"]}' in answer.text
    assert answer.headers["content-type"].startswith("text/javascript")
    again = await client.get("/chat/widget.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_the_frame_may_be_embedded_by_listed_sites_only(client: httpx.AsyncClient) -> None:
    answer = await client.get("/chat/web/frame", params={"origin": "https://shop.test"})
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["frame-ancestors"] == "'self' http://chat.test https://shop.test"
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    evil = await client.get("/chat/web/frame", params={"origin": "https://evil.test"})
    assert evil.status_code == 403


async def test_the_frame_holds_no_inline_code(client: httpx.AsyncClient) -> None:
    html = (await client.get("/chat/web/frame")).text
    assert re.findall(r"<script[^>]*>[^<]+</script>|\son[a-z]+=|style=|javascript:", html) == []


async def test_every_file_the_frame_asks_for_is_there_and_kept_for_ever(client: httpx.AsyncClient) -> None:
    html = (await client.get("/chat/web/frame")).text
    waiting, seen = re.findall(r'(?:href|src)="([^"]+)"', html), set()
    while waiting:
        path = waiting.pop()
        answer = await client.get(path)
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True), path
        seen.add(path)
        folder = path.rpartition("/")[0]
        found = {f"{folder}/{name}" for name in re.findall(r'from "\./([a-z.]+)"', answer.text)}
        waiting.extend(found - seen)
    assert len(seen) > 8


async def test_nothing_else_is_served_from_the_folder(client: httpx.AsyncClient) -> None:
    for name in ("frame.html", "..%2fwebchat.py", "nothing.js"):
        assert (await client.get(f"/chat/static/x/{name}")).status_code == 404


async def test_the_policy_holds_for_the_files_themselves() -> None:
    code = "\n".join(path.read_text() for path in STATIC.glob("*.js"))
    assert re.findall(r"\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML", code) == []
    assert code.count("innerHTML") == 1, "the loader's own icons, and nothing that somebody wrote"
    assert "postMessage(message, base)" in code
    assert '"*"' not in code


def test_three_languages_say_the_same_things() -> None:
    words = (STATIC / "words.js").read_text()
    blocks = re.findall(r"const (EN|RU|ES) = \{\n(.*?)\n\};", words, re.DOTALL)
    keys = {language: set(re.findall(r"^  (\w+):", block, re.MULTILINE)) for language, block in blocks}
    assert keys["EN"] == keys["RU"] == keys["ES"]
    holes = {language: re.findall(r"\{\w+\}", block) for language, block in blocks}
    assert set(holes["EN"]) == set(holes["RU"]) == set(holes["ES"])


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Shop.test/path?x", "https://shop.test"),
        ("https://shop.test:443", "https://shop.test"),
        ("http://shop.test:80/", "http://shop.test"),
        ("http://shop.test:8080", "http://shop.test:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("ftp://shop.test", "null"),
        ("shop.test", "null"),
        ("https://shop.test:99999", "null"),
        ("https://[", "null"),
        ("", "null"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_both_names_of_ones_own_machine_are_ours() -> None:
    assert own_origins("http://127.0.0.1:8080") == {"http://127.0.0.1:8080", "http://localhost:8080"}
    assert own_origins("https://help.example") == {"https://help.example"}


def test_ink_is_readable_on_the_companys_colour() -> None:
    assert [ink_on(colour) for colour in ("#3450c8", "#ffd400", "#000000", "#ffffff")] == [
        "#fff", "#0f1218", "#fff", "#0f1218",
    ]  # fmt: skip
