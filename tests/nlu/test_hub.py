"""An encoder of the model hub: fetched over the hub's own protocol, kept with its hashes, opened without the hub."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from config.settings import ROOT
from nlu.encoders.encoder import EncoderError
from nlu.encoders.hub import open_hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CHOICE = f"hub:tiny/encoder@{COMMIT}"


def tiny_graph() -> bytes:
    """Gives each word its row of a table: all that a sentence encoder must offer."""
    table = numpy_helper.from_array(np.eye(5, 4, dtype=np.float32), "table")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", 4])],
        [table],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    content: bytes = model.SerializeToString()
    onnx.checker.check_model(model)
    return content


def tiny_tokenizer() -> bytes:
    words = Tokenizer(models.WordLevel({"[UNK]": 4, "where": 1, "order": 2, "lamp": 3}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return str(words.to_str()).encode()


class Hub(BaseHTTPRequestHandler):
    """The part of the hub's protocol that a download needs: HEAD with ETag and commit, then GET."""

    files: ClassVar[dict[str, bytes]] = {}

    def _answer(self) -> bytes:
        content = self.files.get(self.path)
        self.send_response(200 if content is not None else 404)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content or b"").hexdigest()}"')
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        return content or b""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    base = f"/tiny/encoder/resolve/{COMMIT}/"
    Hub.files = {base + "tokenizer.json": tiny_tokenizer(), base + "onnx/model.onnx": tiny_graph()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def prepare(endpoint: str, root: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the hub's client reads its address when it is imported."""
    script = (
        "import sys, pathlib; from nlu.encoders.shelf import EncoderShelf;"
        "EncoderShelf(pathlib.Path(sys.argv[1])).prepare(sys.argv[2], lambda stage, share: None)"
    )
    environment = {"HF_ENDPOINT": endpoint, "HF_HOME": str(root / "hub-home"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", script, str(root), CHOICE]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.slow
def test_an_encoder_of_the_hub_is_fetched_once_and_opened_without_it(hub: str, tmp_path: Path) -> None:
    done = prepare(hub, tmp_path)
    assert done.returncode == 0, done.stderr
    where, order, both = open_hub(tmp_path, CHOICE).encode(["where", "order", "where order"])
    assert where @ order == pytest.approx(0)
    assert where @ both == pytest.approx(0.5**0.5, abs=1e-5)


@pytest.mark.slow
def test_a_hub_that_lacks_the_graph_is_told_by_name(hub: str, tmp_path: Path) -> None:
    Hub.files = {path: content for path, content in Hub.files.items() if "onnx" not in path}
    done = prepare(hub, tmp_path)
    assert "EncoderError: tiny/encoder of the model hub cannot be used" in done.stderr
    with pytest.raises(FileNotFoundError):
        open_hub(tmp_path, CHOICE)


@pytest.mark.slow
def test_a_fetched_file_that_changes_is_refused(hub: str, tmp_path: Path) -> None:
    prepare(hub, tmp_path)
    (graph,) = tmp_path.glob("tiny--encoder--*/model.onnx")
    graph.write_bytes(graph.read_bytes() + b"\0")
    with pytest.raises(EncoderError, match="has changed since it was prepared"):
        open_hub(tmp_path, CHOICE)
