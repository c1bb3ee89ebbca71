"""All encoders of a process, by name: prepared once on disk, opened once in memory, shared by every model."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nlu.encoders import e5, hub, minilm
from nlu.encoders.encoder import Encoder, EncoderError
from nlu.encoders.packages import Progress
from nlu.encoders.remote import RemoteEncoder

URL_SCHEME = "url:"


@dataclass(frozen=True, slots=True)
class Remote:
    """The embeddings server of the settings."""

    url: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class EncoderShelf:
    """`root` is the folder of the prepared encoders. Opening is safe from any thread."""

    root: Path
    remote: Remote | None = None
    threads: int = 1
    _opened: dict[str, Encoder] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def prepare(self, name: str, progress: Progress) -> None:
        """Fetch and convert what `name` needs, unless that was done. Raises EncoderError."""
        # What only this needs costs 60 MB, and serving never does it.
        from nlu.encoders.e5_making import prepare_e5  # noqa: PLC0415
        from nlu.encoders.hub_making import prepare_hub  # noqa: PLC0415
        from nlu.encoders.minilm_making import prepare_minilm  # noqa: PLC0415

        if name == e5.NAME:
            prepare_e5(self.root, progress)
        elif name == minilm.NAME:
            prepare_minilm(self.root, progress)
        elif name.startswith(hub.SCHEME):
            prepare_hub(self.root, name, progress)
        elif not name.startswith(URL_SCHEME):
            raise EncoderError(f"there is no encoder “{name}”")

    def open(self, name: str) -> Encoder:
        """Raises EncoderError when it is not prepared or has changed on disk."""
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._open(name)
            return self._opened[name]

    def _open(self, name: str) -> Encoder:
        try:
            return _OPENERS[name](self) if name in _OPENERS else self._open_other(name)
        except FileNotFoundError as error:
            problem = f"the encoder {name} is not in {self.root}: run `python -m bot train` once on this machine"
            raise EncoderError(problem) from error

    def _open_other(self, name: str) -> Encoder:
        if name.startswith(hub.SCHEME):
            return hub.open_hub(self.root, name)
        if name.startswith(URL_SCHEME) and self.remote is not None:
            return RemoteEncoder.opened(name.removeprefix(URL_SCHEME), self.remote.url, self.remote.key)
        raise EncoderError(f"the model needs the encoder “{name}”, which the settings do not name")


_OPENERS: dict[str, Callable[[EncoderShelf], Encoder]] = {
    e5.NAME: lambda shelf: e5.open_e5(shelf.root, threads=shelf.threads),
    minilm.NAME: lambda shelf: minilm.open_minilm(shelf.root, threads=shelf.threads),
}
