"""Knowledge: the right passage for a question, silence where there is none, and errors that name the line."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
import yaml

from bot.knowledge import Knowledge
from bot.passages import plain_text, read_file
from config.documents import DocumentError
from config.settings import ROOT

LANGUAGES = ("en", "ru", "es")
CONTENT = ROOT / "config" / "knowledge"
MOST_CHAT_CHARACTERS = 600

Questions = dict[str, dict[str, dict[str, dict[str, str | list[str]] | list[str]]]]
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge.load(CONTENT, LANGUAGES)


@pytest.fixture(scope="module")
def questions() -> Questions:
    loaded: Questions = yaml.safe_load((Path(__file__).parent / "knowledge_questions.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes `name` (en/returns.md) with the given lines; the directory to load."""

    def write_file(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8")
        return tmp_path

    return write_file


@dataclass(frozen=True)
class Figures:
    """Shares of the answerable (right, wrong) and of the unanswerable questions (false)."""

    right: float
    wrong: float
    false: float


def measured(knowledge: Knowledge, questions: Questions, group: str, language: str) -> Figures:
    asked = questions[group][language]
    answered, unanswered = asked["answered"], asked["unanswered"]
    assert isinstance(answered, dict)
    got = {question: knowledge.answer(question, language) for question in answered}
    right = sum(passage is not None and passage.source in answered[question] for question, passage in got.items())
    said = sum(passage is not None for passage in got.values())
    false = sum(knowledge.answer(question, language) is not None for question in unanswered)
    return Figures(right / len(answered), (said - right) / len(answered), false / len(unanswered))


@pytest.mark.parametrize("language", LANGUAGES)
def test_known_questions_keep_their_answers(knowledge: Knowledge, questions: Questions, language: str) -> None:
    figures = measured(knowledge, questions, "learnt", language)
    assert figures.right >= 0.85, figures
    assert figures.wrong <= 0.03, figures
    assert figures.false <= 0.08, figures


def test_questions_in_unseen_words_are_mostly_answered_or_left_alone(
    knowledge: Knowledge, questions: Questions
) -> None:
    every = [measured(knowledge, questions, "unseen", language) for language in LANGUAGES]
    assert sum(figures.right for figures in every) / 3 >= 0.55, every
    assert sum(figures.wrong for figures in every) / 3 <= 0.10, every
    assert sum(figures.false for figures in every) / 3 <= 0.10, every


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_question_set_is_large_enough_to_mean_something(questions: Questions, language: str) -> None:
    for group in ("learnt", "unseen"):
        assert all(len(asked) >= 25 for asked in questions[group][language].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_heading_asked_as_it_stands_is_answered_from_its_document(knowledge: Knowledge, language: str) -> None:
    for path in sorted((CONTENT / language).glob("*.md")):
        for section in read_file(path):
            passage = knowledge.answer(section.title, language)
            assert passage is not None, section.title
            assert passage.source == section.source, section.title


TOPICS = {
    "shipping_cost": "delivery", "delivery_area": "delivery", "payment_methods": "payment", "warranty": "warranty",
    "assembly_service": "assembly", "place_order": "orders",
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_topics_that_the_bot_looks_up_by_itself_are_written_down(knowledge: Knowledge, language: str) -> None:
    replies = yaml.safe_load((ROOT / "config" / "replies" / f"{language}.yml").read_text(encoding="utf-8"))
    for topic, source in TOPICS.items():
        passage = knowledge.answer(replies[f"topic_{topic}"], language)
        assert passage is not None, topic
        assert (passage.source, passage.language) == (source, language), topic


def test_a_company_with_a_single_passage_has_it_answered(write: Write) -> None:
    directory = write("en/parking.md", "# Parking", "## Is there parking at the shop?", "Yes, behind it.")
    knowledge = Knowledge.load(directory, ["en"])
    assert knowledge.answer("do you have parking near the shop", "en") is not None
    assert knowledge.answer("what is the weather in Madrid", "en") is None


@pytest.mark.parametrize(
    ("language", "question"),
    [("en", "how do i cancle my order"), ("ru", "как отследть посылку"), ("es", "cuanto cuesta el enbio")],
)
def test_misspelt_words_are_understood(knowledge: Knowledge, language: str, question: str) -> None:
    assert knowledge.answer(question, language) is not None


@pytest.mark.parametrize("question", ["cuánto cuesta el envío", "cuanto cuesta el envio", "CUÁNTO CUESTA EL ENVÍO"])
def test_accents_and_case_do_not_count(knowledge: Knowledge, question: str) -> None:
    passage = knowledge.answer(question, "es")
    assert passage is not None
    assert passage.source == "delivery"


def test_a_question_inside_a_longer_message_is_found(knowledge: Knowledge) -> None:
    message = (
        "Good morning! I bought a lovely bookcase from you in spring. My grandmother adores the colour, thank you. "
        "What are your opening hours? Have a wonderful weekend."
    )
    passage = knowledge.answer(message, "en")
    assert passage is not None
    assert passage.title == "What are your opening hours?"


def test_another_language_of_the_company_answers_when_the_own_has_nothing(write: Write) -> None:
    write("es/hours.md", "# Horario", "## ¿Cuál es su horario?", "De nueve a ocho.")
    directory = write("en/parking.md", "# Parking", "## Is there parking at the shop?", "Yes, behind it.")
    passage = Knowledge.load(directory, ["es", "en"]).answer("is there parking at the shop?", "es")
    assert passage is not None
    assert (passage.language, passage.source) == ("en", "parking")


def test_a_language_without_documents_leaves_the_others_in_use(write: Write) -> None:
    directory = write("en/parking.md", "# Parking", "## Is there parking at the shop?", "Yes, behind it.")
    passage = Knowledge.load(directory, ["ru", "en"]).answer("parking at the shop", "ru")
    assert passage is not None
    assert passage.language == "en"


def test_a_subject_named_as_unanswered_gets_no_answer(write: Write) -> None:
    directory = write("en/jobs.md", "# Jobs", "## How do your carpenters work with oak?", "With care.")
    question = "do your carpenters have work for my son"
    assert Knowledge.load(directory, ["en"]).answer(question, "en") is not None
    write("en/unanswered.txt", "# remark", "work for you, work for carpenters, vacancies")
    assert Knowledge.load(directory, ["en"]).answer(question, "en") is None


@pytest.mark.parametrize("question", ["", "   ", "?!", "the of and", "12", "\x00", "🙂", "а" * 20_000])
def test_a_question_without_words_gets_no_answer(knowledge: Knowledge, question: str) -> None:
    assert all(knowledge.answer(question, language) is None for language in LANGUAGES)


def test_an_unknown_language_is_answered_from_the_others_or_not_at_all(knowledge: Knowledge) -> None:
    assert knowledge.answer("wie ist das Wetter in Berlin", "de") is None


def test_a_question_takes_less_than_a_millisecond(knowledge: Knowledge, questions: Questions) -> None:
    asked = [(question, language) for language in LANGUAGES for question in questions["learnt"][language]["answered"]]
    took_s = []
    for question, language in asked:
        started = time.thread_time()
        knowledge.answer(question, language)
        took_s.append(time.thread_time() - started)
    assert median(took_s) < 0.001


def test_markdown_becomes_text_for_a_chat() -> None:
    markdown = (
        "Pay **by card**, *in cash* or\nby `IBAN`; see [the page](https://oslo.example/pay).\n\n"
        "1. Choose\n2. Pay\n- bag_of_words and 2*3*4\n"
        "<https://oslo.example>"
    )
    assert plain_text(markdown) == (
        "Pay by card, in cash or by IBAN; see the page (https://oslo.example/pay).\n"
        "1. Choose\n2. Pay\n• bag_of_words and 2*3*4 https://oslo.example"
    )


def test_remarks_and_other_wordings_are_never_shown(write: Write) -> None:
    lines = ("# Pets", "## Dogs?", "<!-- ask Ana -->", "<!-- also: hound,", "puppy -->", "Welcome.")
    section = next(read_file(write("en/pets.md", *lines) / "en/pets.md"))
    assert section.text == "Welcome."
    assert section.also == "hound, puppy"


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        (["Text"], 1, "before the first"),
        ([], 1, "no passage"),
        (["## Heading", "Text"], 1, "at the top"),
        (["# One", "# Two"], 2, "at the top"),
        (["# One", "## A", "Text", "### B"], 4, "at the top"),
        (["# One", "## A", "", "## B", "Text"], 2, "has no text"),
        (["# One", "## A", "Text", "## a", "Text"], 4, "stands twice"),
        (["# One", "## A", "Text", "| a | b |"], 4, "a table"),
        (["# One", "## A", "![sofa](sofa.png)"], 3, "a picture"),
        (["# One", "## A", "Text <b>bold</b>"], 3, "HTML"),
        (["# One", "## A", "```", "code", "```"], 3, "a code block"),
        (["# One", "## A", "Text", "<!-- also: never closed"], 4, "not closed"),
        (["# One", "<!-- two", "lines -->", "## A", ""], 4, "has no text"),
        (["# One", "## A", "x" * 1_001], 2, "1001 characters"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_its_line(write: Write, lines: list[str], line: int, problem: str) -> None:
    directory = write("en/broken.md", *lines)
    with pytest.raises(DocumentError, match=problem) as caught:
        Knowledge.load(directory, ["en"])
    assert (caught.value.path, caught.value.line) == (directory / "en" / "broken.md", line)


def test_a_file_in_another_encoding_is_refused_with_its_line(write: Write) -> None:
    directory = write("ru/оплата.md")
    (directory / "ru/оплата.md").write_bytes("# Оплата\n## Как?\n".encode() + "Картой".encode("cp1251"))
    with pytest.raises(DocumentError, match="UTF-8") as caught:
        Knowledge.load(directory, ["ru"])
    assert caught.value.line == 3


def test_a_missing_directory_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="restore it"):
        Knowledge.load(tmp_path / "nowhere", ["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_passage_of_the_sample_fits_a_chat_message(language: str) -> None:
    for path in sorted((CONTENT / language).glob("*.md")):
        for section in read_file(path):
            assert len(section.text) <= MOST_CHAT_CHARACTERS, (path, section.title)


def test_the_sample_has_the_same_documents_in_all_languages() -> None:
    def outline(language: str) -> dict[str, int]:
        return {path.name: len(list(read_file(path))) for path in (CONTENT / language).glob("*.md")}

    assert outline("en") == outline("ru") == outline("es")


def test_the_sample_states_the_same_figures_in_all_languages() -> None:
    """Prices, days and hours must not drift apart between translations."""

    def figures(path: Path) -> list[list[str]]:
        return [sorted(_numbers(section.text)) for section in read_file(path)]

    for path in sorted((CONTENT / "en").glob("*.md")):
        expected = figures(path)
        for language in ("ru", "es"):
            assert figures(CONTENT / language / path.name) == expected, (language, path.name)


def _numbers(text: str) -> list[str]:
    """Every number of two digits or more; small ones are words in one language and figures in another."""
    plain = "".join(character for character in text if character not in ".,  \u00a0" or character == " ")
    joined = plain.replace(" 000", "000")
    return [word for word in "".join(c if c.isdigit() else " " for c in joined).split() if len(word) > 1]
