"""Our training files become a project that Rasa takes as it is."""

from pathlib import Path

import pytest
import yaml

from config.settings import ROOT
from nlu.dataset import DatasetError
from nlu.rasa_project import write_project

GREETING = "- intent: greeting\n  examples: |\n" + "".join(f"    - hello {word}\n" for word in "abcde")
TRIP = """- intent: faq/trip
  examples:
  - text: |
      from [Oslo]{"entity": "city", "role": "from"} to [LA]{"entity": "city", "role": "to", "value": "Los Angeles"}
  - text: order [100234](order_number)
  - text: a trip
  - text: two trips
  - text: three trips
- synonym: Los Angeles
  examples: |
    - L.A.
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "en.yml"
    path.write_text(f'version: "3.1"\nnlu:\n{GREETING}{TRIP}', encoding="utf-8")
    return path


def read(path: Path) -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def test_the_training_files_are_copied_to_the_letter(source: Path, tmp_path: Path) -> None:
    project = write_project([source], tmp_path / "rasa")
    assert (tmp_path / "rasa" / "data" / "en.yml").read_bytes() == source.read_bytes()
    assert (project.intents, project.examples) == (("faq/trip", "greeting"), 10)


def test_the_domain_names_intents_entities_roles_and_retrieval_intents_by_their_first_part(
    source: Path, tmp_path: Path
) -> None:
    write_project([source], tmp_path / "rasa")
    domain = read(tmp_path / "rasa" / "domain.yml")
    assert domain["intents"] == ["faq", "greeting"]
    assert domain["entities"] == [{"city": {"roles": ["from", "to"]}}, "order_number"]


def test_epochs_are_those_asked_for(source: Path, tmp_path: Path) -> None:
    write_project([source], tmp_path / "rasa", epochs=3)
    pipeline = read(tmp_path / "rasa" / "config.yml")["pipeline"]
    assert isinstance(pipeline, list)
    assert [part["epochs"] for part in pipeline if "epochs" in part] == [3, 3]


def test_a_file_of_before_goes_and_a_model_stays(source: Path, tmp_path: Path) -> None:
    directory = tmp_path / "rasa"
    for name in ("data/old.yml", "models/one.tar.gz"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("x")
    write_project([source], directory)
    assert sorted(path.name for path in (directory / "data").iterdir()) == ["en.yml"]
    assert (directory / "models" / "one.tar.gz").exists()


def test_a_file_that_cannot_be_used_is_told_before_rasa_starts(tmp_path: Path) -> None:
    (tmp_path / "en.yml").write_text("nlu: []\n")
    with pytest.raises(DatasetError, match="no examples"):
        write_project([tmp_path / "en.yml"], tmp_path / "rasa")
    with pytest.raises(DatasetError, match="no training file"):
        write_project([], tmp_path / "rasa")


def test_our_own_three_languages_become_one_project(tmp_path: Path) -> None:
    files = [ROOT / "config" / "nlu" / f"{language}.yml" for language in ("en", "ru", "es")]
    project = write_project(files, tmp_path)
    assert len(project.intents) == 47
    assert project.examples > 3_000
