"""Static files under /static: addressed by content hash, so that browsers keep them for a year."""

import hashlib
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """Gives the address of a file with a short hash of what it holds; hashes are read once per change of the file."""

    def __init__(self, directory: Path = STATIC) -> None:
        self._directory = directory
        self._known: dict[str, tuple[int, str]] = {}

    def version(self, path: str) -> str | None:
        """The hash of `path`, or None when there is no such file."""
        try:
            changed_ns = (self._directory / path).stat().st_mtime_ns
        except OSError:
            return None
        known = self._known.get(path)
        if known is None or known[0] != changed_ns:
            digest = hashlib.sha256((self._directory / path).read_bytes()).hexdigest()[:12]
            known = self._known[path] = (changed_ns, digest)
        return known[1]

    def url(self, path: str) -> str:
        """`/static/<path>?v=<hash>`. Raises FileNotFoundError, so that a wrong name is seen at once."""
        version = self.version(path)
        if version is None:
            raise FileNotFoundError(path)
        return f"/static/{path}?v={version}"


def static_files() -> "AssetFiles":
    """What is mounted at /static."""
    return AssetFiles(Assets())


class AssetFiles(StaticFiles):
    """Serves what Assets addresses; without the right hash a browser has to ask each time."""

    def __init__(self, assets: Assets, directory: Path = STATIC) -> None:
        super().__init__(directory=directory)
        self._assets = assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = scope.get("query_string", b"").decode("ascii", "replace").removeprefix("v=")
        is_current = bool(asked) and asked == self._assets.version(path)
        response.headers["Cache-Control"] = FOREVER if is_current else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
