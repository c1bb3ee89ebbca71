"""Files of customers and agents, by an unguessable token: a folder by default."""

import asyncio
import json
import os
import re
import secrets
from pathlib import Path
from typing import Protocol

from crm_core.contracts import Attachment

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class BlobStore(Protocol):
    """`put` returns only when the file will survive a crash."""

    async def put(self, attachment: Attachment) -> str:
        """The new file's token: 256 random bits."""
        ...

    async def get(self, token: str) -> Attachment | None: ...

    async def delete(self, token: str) -> None:
        """Removes the file; one that is not there is no error."""
        ...


class FolderBlobStore:
    """One file a blob, in folders by the token's first two characters: a line of JSON, then the content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, attachment: Attachment) -> str:
        token = secrets.token_urlsafe(32)
        await asyncio.to_thread(self._write, self._path(token), attachment)
        return token

    async def get(self, token: str) -> Attachment | None:
        return await asyncio.to_thread(self._read, token) if TOKEN.fullmatch(token) else None

    async def delete(self, token: str) -> None:
        if TOKEN.fullmatch(token):
            await asyncio.to_thread(self._path(token).unlink, missing_ok=True)

    def _path(self, token: str) -> Path:
        return self._folder / token[:2] / token

    def _write(self, path: Path, attachment: Attachment) -> None:
        """Written aside, synced, then renamed: a crash leaves the whole file or none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        head = json.dumps({"name": attachment.name, "content_type": attachment.content_type}).encode()
        aside = path.with_name(f"{path.name}.part")
        with aside.open("xb") as file:
            file.write(head + b"\n" + attachment.content)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        for folder in (path.parent, self._folder):
            _sync_folder(folder)

    def _read(self, token: str) -> Attachment | None:
        try:
            content = self._path(token).read_bytes()
        except FileNotFoundError:
            return None
        head, _, body = content.partition(b"\n")
        named = json.loads(head)
        return Attachment(named["name"], named["content_type"], body)


def _sync_folder(folder: Path) -> None:
    """A new name is durable only after its folder was synced (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
