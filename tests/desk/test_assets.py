import hashlib
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from desk.assets import STATIC, Assets, static_files


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = Starlette(routes=[Mount("/static", static_files())])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk")


async def test_a_hashed_address_is_kept_for_a_year(client: httpx.AsyncClient) -> None:
    answer = await client.get(Assets().url("css/base.css"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/static/css/base.css", "/static/css/base.css?v=0123456789ab"])
async def test_without_the_right_hash_the_browser_asks_again(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/static/../assets.py", "/static/%2e%2e/assets.py", "/static/none.css"])
async def test_nothing_outside_the_folder_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


def test_a_changed_file_has_another_address(tmp_path: Path) -> None:
    file = tmp_path / "a.css"
    file.write_text("one")
    assets = Assets(tmp_path)
    before = assets.url("a.css")
    file.write_text("two!")
    assert assets.url("a.css") != before


@pytest.mark.parametrize("path", ["htmx/htmx.min.js", "uplot/uPlot.min.js", "uplot/uPlot.min.css"])
def test_the_vendored_file_is_the_one_that_is_noted(path: str) -> None:
    file = STATIC / "vendor" / path
    noted = re.search(rf"`{re.escape(file.name)}`: ([0-9a-f]{{64}})", (file.parent / "VENDORED.md").read_text())
    assert noted is not None
    assert hashlib.sha256(file.read_bytes()).hexdigest() == noted[1]
