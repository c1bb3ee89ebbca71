"""Rasa's format is read in all its styles, and every error says where and what to do."""

from pathlib import Path

import pytest

from config.settings import ROOT
from nlu.dataset import Annotation, DatasetError, read_dataset

FIVE = "\n".join(f"    - example {word}" for word in ("one", "two", "three", "four", "five"))
BLOCK = f'version: "3.1"\nnlu:\n- intent: greeting\n  examples: |\n{FIVE}\n'


def written(directory: Path, text: str) -> Path:
    path = directory / "en.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_block_is_read_with_the_line_of_each_example(tmp_path: Path) -> None:
    examples = read_dataset(written(tmp_path, BLOCK))
    assert [(example.text, example.intent, example.line) for example in examples][:2] == [
        ("example one", "greeting", 5),
        ("example two", "greeting", 6),
    ]


def test_annotations_are_taken_out_and_kept(tmp_path: Path) -> None:
    marked = '    - from [Oslo](city) with [100234]{"entity": "order_number", "value": "x"}\n'
    example = read_dataset(written(tmp_path, BLOCK + marked))[-1]
    assert example.text == "from Oslo with 100234"
    assert example.annotations == (Annotation("city", 5, 9), Annotation("order_number", 15, 21, "x"))


@pytest.mark.parametrize(
    ("marked", "annotations"),
    [
        ('to [LA]{"entity": "city", "role": "to", "group": 1}', [Annotation("city", 3, 5, None, "to", "1")]),
        ("to [LA](city:Los Angeles)", [Annotation("city", 3, 5, "Los Angeles")]),
        ("to [LA](end-of trip)", [Annotation("end-of trip", 3, 5)]),
        ('to [LA][{"entity": "city"}, {"entity": "place"}]', [Annotation("city", 3, 5), Annotation("place", 3, 5)]),
        ("see [my note]", []),
    ],
)
def test_every_way_to_annotate_is_understood(tmp_path: Path, marked: str, annotations: list[Annotation]) -> None:
    example = read_dataset(written(tmp_path, f"{BLOCK}    - {marked}\n"))[-1]
    assert example.text == ("to LA" if annotations else "see [my note]")
    assert list(example.annotations) == annotations


@pytest.mark.parametrize("broken", ['[a][{"entity": 1}, {"role": "x"}]', '[a]{"role": "x"}', "[a]{1}", "[a][{x}]"])
def test_an_annotation_that_names_no_entity_is_refused(tmp_path: Path, broken: str) -> None:
    with pytest.raises(DatasetError, match="is not understood"):
        read_dataset(written(tmp_path, f"{BLOCK}    - {broken}\n"))


def test_a_dash_without_a_space_begins_an_example_as_in_rasa(tmp_path: Path) -> None:
    assert read_dataset(written(tmp_path, f"{BLOCK}    -example six\n"))[-1].text == "example six"


@pytest.mark.parametrize("section", ["regex: order_number", "lookup: city", "synonym: credit"])
def test_sections_about_entities_are_passed_over_whatever_their_style(tmp_path: Path, section: str) -> None:
    text = f"{BLOCK}- {section}\n  examples: |\n    - \\d{{6}}\n    - [LA]\n"
    assert len(read_dataset(written(tmp_path, text))) == 5


def test_the_dialogue_of_rasa_in_the_same_file_is_passed_over(tmp_path: Path) -> None:
    rest = "responses:\n  utter_hi:\n  - text: hi\nstories: []\nrules: []\n"
    assert len(read_dataset(written(tmp_path, BLOCK + rest))) == 5


def test_lists_of_texts_and_of_texts_with_metadata_are_read(tmp_path: Path) -> None:
    items = "  - plain one\n  - text: |\n      - with a dash\n  - text: bare\n    metadata: {sentiment: good}\n"
    text = f'version: "3.1"\nnlu:\n- intent: greeting\n  metadata: {{a: b}}\n  examples:\n{items}  - four\n  - five\n'
    assert [example.text for example in read_dataset(written(tmp_path, text))] == [
        "plain one",
        "with a dash",
        "bare",
        "four",
        "five",
    ]


def test_a_repeated_example_of_one_intent_counts_once(tmp_path: Path) -> None:
    assert len(read_dataset(written(tmp_path, f"{BLOCK}    - Example  ONE\n"))) == 5


OTHER = f"- intent: bye\n  examples: |\n{FIVE}\n"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (BLOCK + OTHER, 12, "“example one” stands under “greeting” (line 5) and “bye”; keep it under one"),
        (BLOCK.replace("    - example five\n", ""), 5, "intent “greeting” has 4 examples; write at least 5"),
        (f"{BLOCK}  bad: [}}\n", 10, "not valid YAML"),
        (f"{BLOCK}  colour: red\n", 10, "unknown key “colour”; use one of: examples, intent, metadata"),
        (f"{BLOCK}history: []\n", 10, "unknown key “history”; use one of: nlu, version"),
        (f"{BLOCK}- intent: bye\n  examples: {{a: b}}\n", 11, "examples are a block"),
        (f"{BLOCK}- intent: bye\n", 10, "intent “bye” has no examples; add examples: |"),
        (f"{BLOCK}- examples: |\n{FIVE}\n", 10, "an intent without a name"),
        (f"{BLOCK}- just words\n", 10, "not an intent"),
        (f"{BLOCK}    forgot the dash\n", 10, "an example must begin with “- ”"),
        (f"{BLOCK}    - see [this]{{entity}}\n", 10, "annotation {entity} is not understood"),
        ("- a list\n", 1, "the file must begin with"),
        ("", 1, "the file must begin with"),
        ('version: "3.1"\nnlu: []\n', 2, "no examples"),
        ('version: "3.1"\n', 1, "no examples"),
    ],
)
def test_an_error_names_file_line_and_remedy(tmp_path: Path, text: str, line: int, problem: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DatasetError) as raised:
        read_dataset(path)
    assert str(raised.value).startswith(f"{path}:{line}: {problem}")


def test_a_missing_file_is_an_error_of_the_same_kind(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_dataset(tmp_path / "en.yml")


def test_a_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "es.yml").write_bytes(BLOCK.replace("one", "uné").encode("latin-1"))
    with pytest.raises(DatasetError, match="UTF-8"):
        read_dataset(tmp_path / "es.yml")


@pytest.mark.parametrize("language", ["en", "ru", "es"])
def test_our_files_teach_the_same_intents_with_fifteen_examples_or_more(language: str) -> None:
    examples = read_dataset(ROOT / "config" / "nlu" / f"{language}.yml")
    counts: dict[str, int] = {}
    for example in examples:
        counts[example.intent] = counts.get(example.intent, 0) + 1
    assert min(counts.values()) >= 15
    assert counts.keys() == {example.intent for example in read_dataset(ROOT / "config" / "nlu" / "en.yml")}
    assert len(counts) == 47
