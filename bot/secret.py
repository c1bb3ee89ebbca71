"""The server's own key, and keys derived from it for each use."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from config.settings import Settings

WEBHOOKS = "webhooks"  # the purpose of the key that makes the secrets of outgoing webhooks


def server_key(settings: Settings) -> bytes:
    """The configured key, or one made at the first start in `var/secret.key` (mode 0600)."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    path = settings.var_dir / "secret.key"
    if not path.exists():
        _write_once(path, secrets.token_hex(32))
    return path.read_text().strip().encode()


def derived_key(key: bytes, purpose: str) -> bytes:
    """A key for one purpose; knowing it tells nothing about the others."""
    return hmac.digest(key, b"switchboard/" + purpose.encode(), hashlib.sha256)


def _write_once(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(content + "\n")
