"""Files survive a crash whole or not at all, and only their token opens them."""

from pathlib import Path

import pytest

from crm_core.blobs import FolderBlobStore
from crm_core.contracts import Attachment

FILE = Attachment("чек\n1.pdf", "application/pdf", b"%PDF\n\x00\xff\n")


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs")


async def test_a_stored_file_is_read_back(store: FolderBlobStore) -> None:
    assert await store.get(await store.put(FILE)) == FILE


async def test_two_stores_on_one_folder_share_files(store: FolderBlobStore, tmp_path: Path) -> None:
    token = await store.put(FILE)
    assert await FolderBlobStore(tmp_path / "blobs").get(token) == FILE


async def test_each_file_has_its_own_unguessable_token(store: FolderBlobStore) -> None:
    tokens = {await store.put(FILE) for _ in range(20)}
    assert len(tokens) == 20
    assert {len(token) for token in tokens} == {43}


async def test_a_deleted_file_is_gone_and_may_be_deleted_again(store: FolderBlobStore) -> None:
    token = await store.put(FILE)
    await store.delete(token)
    await store.delete(token)
    assert await store.get(token) is None


@pytest.mark.parametrize("token", ["", "x", "../../../etc/passwd", "a" * 43, "/" * 43, "." * 43, "a" * 42 + "\x00"])
async def test_what_is_no_token_opens_nothing(store: FolderBlobStore, tmp_path: Path, token: str) -> None:
    (tmp_path / "secret").write_text("{}\nsecret")
    await store.put(FILE)
    assert await store.get(token) is None
    await store.delete(token)


async def test_a_write_that_was_cut_leaves_no_file(store: FolderBlobStore, tmp_path: Path) -> None:
    token = await store.put(FILE)
    left = [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert left == [token]
