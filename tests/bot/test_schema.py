"""A mistake in a flow or a reply is found at start, with its file and line."""

from pathlib import Path

import pytest

from bot.dialogue.actions import ACTIONS
from bot.dialogue.schema import Vocabulary, read_flows
from bot.replies import Replies
from config.documents import DocumentError
from config.settings import ROOT

VOCABULARY = Vocabulary(frozenset({"prove"}), frozenset({"hello", "ask"}))
HEAD = "flows:\n  one:\n    description: x\n    intents: [a]\n    steps:\n"


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ("      - say: nobody_wrote_this\n", "no language has the reply"),
        ("      - action: fly\n", "there is no action “fly”; the actions are prove"),
        ("      - run: two\n", "there is no flow “two” to run"),
        ("      - say: hello\n        next: nowhere\n", "there is no step “nowhere”"),
        ("      - hand_off: why\n      - id: never\n        say: hello\n", "nothing leads to step “never”"),
        ("      - say: hello\n        close: true\n", "a step is exactly one of"),
        ("      - collect: x\n", "collect needs"),
        ("      - say: hello\n        outcomes: {a: end}\n", "only an action has outcomes"),
        ("      - sey: hello\n", "sey"),
    ],
)
def test_a_wrong_flow_is_refused_with_its_place(tmp_path: Path, steps: str, problem: str) -> None:
    (tmp_path / "f.yml").write_text(HEAD + steps)
    with pytest.raises(DocumentError, match=problem) as caught:
        read_flows(tmp_path, VOCABULARY)
    assert f"{tmp_path / 'f.yml'}:" in str(caught.value)
    assert caught.value.line > 1


def test_one_intent_starts_one_flow(tmp_path: Path) -> None:
    again = "  two:\n    description: x\n    intents: [a]\n    steps:\n      - say: hello\n"
    (tmp_path / "f.yml").write_text(HEAD + "      - say: hello\n" + again)
    with pytest.raises(DocumentError, match="“a” starts “one” already"):
        read_flows(tmp_path, VOCABULARY)


def test_the_shipped_flows_are_sound() -> None:
    replies = Replies.load(ROOT / "config" / "replies", ["en", "ru", "es"])
    flows = read_flows(ROOT / "config" / "flows", Vocabulary(frozenset(ACTIONS), replies.keys()))
    assert flows.by_intent["order_status"] == "order_status"


def write(folder: Path, **files: str) -> None:
    for language, text in files.items():
        (folder / f"{language}.yml").write_text(text)


def test_a_reply_missing_in_one_language_is_refused(tmp_path: Path) -> None:
    write(tmp_path, en="a: A\nb: B\n", ru="a: А\n")
    with pytest.raises(DocumentError, match="“b” is missing"):
        Replies.load(tmp_path, ["en", "ru"])


def test_a_reply_with_other_places_is_refused_on_its_line(tmp_path: Path) -> None:
    write(tmp_path, en="a: A\nb: Hello {name}\n", ru="a: А\nb: Привет\n")
    with pytest.raises(DocumentError, match="other places") as caught:
        Replies.load(tmp_path, ["en", "ru"])
    assert caught.value.line == 2


def test_plural_forms_follow_the_language(tmp_path: Path) -> None:
    russian = (
        "n:\n  plural: count\n  one: '{count} заказ'\n  few: '{count} заказа'\n  many: '{count} заказов'\n  other: x\n"
    )
    write(tmp_path, ru=russian)
    replies = Replies.load(tmp_path, ["ru"])
    assert [replies.say("n", "ru", count=count) for count in (1, 3, 5, 21)] == [
        "1 заказ", "3 заказа", "5 заказов", "21 заказ",
    ]  # fmt: skip


def test_a_value_is_never_a_pattern_itself(tmp_path: Path) -> None:
    write(tmp_path, en="a: 'Hello {name}'\n")
    replies = Replies.load(tmp_path, ["en"])
    assert replies.say("a", "en", name="{name} {0.__class__} %s") == "Hello {name} {0.__class__} %s"


def test_variants_take_turns(tmp_path: Path) -> None:
    write(tmp_path, en="a: [one, two]\n")
    replies = Replies.load(tmp_path, ["en"])
    assert [replies.say("a", "en", turn) for turn in range(3)] == ["one", "two", "one"]
