"""Training files in, an immutable model directory out."""

import hashlib
from pathlib import Path

import structlog

from nlu.dataset import DatasetError, read_dataset
from nlu.encoders.packages import Progress
from nlu.encoders.plan import Plan
from nlu.model_store import DESCRIPTION, FORMAT, make_current, write_model
from nlu.shapes import read_shapes

LANGUAGES = ("en", "ru", "es")

log = structlog.get_logger(__name__)


def train(config_dir: Path, out_root: Path, plan: Plan, *, progress: Progress | None = None) -> Path:
    """The directory of the model of `config_dir`'s files, made current; trained only when they changed.

    Raises DatasetError for the first file that cannot be used, EncoderError for an encoder that cannot be had.
    """
    directory = train_only(config_dir, out_root, plan, progress=progress)
    make_current(out_root, directory.name)
    return directory


def train_only(config_dir: Path, out_root: Path, plan: Plan, *, progress: Progress | None = None) -> Path:
    """As `train`, but the current model stays as it is."""
    directory = out_root / _model_id(config_dir, plan)
    if not (directory / DESCRIPTION).exists():
        # scikit-learn and scipy cost 100 MB, and this module is imported where nothing is trained.
        from nlu.model_making import model_content  # noqa: PLC0415

        examples = {file.stem: read_dataset(file) for file in _sources(config_dir)}
        shapes = read_shapes(config_dir / "entities.yml")
        write_model(directory, model_content(examples, shapes, plan, progress or _unheard))
        log.info("nlu.model.trained", model_id=directory.name)
    return directory


def _unheard(_stage: str, _fraction: float) -> None:
    pass


def _sources(config_dir: Path) -> list[Path]:
    files = [config_dir / f"{language}.yml" for language in LANGUAGES if (config_dir / f"{language}.yml").exists()]
    if not files:
        raise DatasetError(config_dir / f"{LANGUAGES[0]}.yml", 1, "no training file; write at least this one")
    return files


def _model_id(config_dir: Path, plan: Plan) -> str:
    """By content: of the training files, of this package, since its code decides the features, and of the encoders."""
    digest = hashlib.sha256(f"{FORMAT} {plan.blocks}".encode())
    shapes = config_dir / "entities.yml"
    code = sorted(Path(__file__).parent.rglob("*.py"))
    for file in [*_sources(config_dir), *([shapes] if shapes.exists() else []), *code]:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return f"native-{digest.hexdigest()[:12]}"
