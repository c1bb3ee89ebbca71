"""Fetches a sentence encoder from the model hub, once."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from nlu.encoders.encoder import EncoderError
from nlu.encoders.hub import SCHEME, folder_name
from nlu.encoders.packages import Progress
from nlu.encoders.prepared import prepared

_GRAPHS = ("onnx/model_quantized.onnx", "onnx/model_qint8_avx512_vnni.onnx", "onnx/model.onnx", "model.onnx")


def prepare_hub(root: Path, choice: str, progress: Progress) -> Path:
    """The folder of the encoder. Raises EncoderError when the hub cannot be reached or lacks what is needed."""
    return prepared(root, folder_name(choice), lambda folder: _fetch(folder, choice, progress))


def _fetch(folder: Path, choice: str, progress: Progress) -> None:
    repository, _, revision = choice.removeprefix(SCHEME).partition("@")
    progress(f"fetching {repository}", 0.0)
    _download(repository, revision or None, ("tokenizer.json",), folder / "tokenizer.json")
    progress(f"fetching {repository}", 0.1)
    _download(repository, revision or None, _GRAPHS, folder / "model.onnx")
    (folder / "source.json").write_text(json.dumps({"repository": repository, "revision": revision or "main"}))


def _download(repository: str, revision: str | None, names: Sequence[str], out: Path) -> None:
    """The first of `names` that the repository has."""
    reason = ""
    for name in names:
        try:
            shutil.copyfile(hf_hub_download(repository, name, revision=revision), out)
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
            reason = str(error).splitlines()[0]
        else:
            return
    raise EncoderError(f"{repository} of the model hub cannot be used: {reason}")
