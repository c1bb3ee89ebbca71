"""What the business edits: the shipped files hold together, and a wrong one stops the start with its line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config.business import read_business
from config.documents import DocumentError
from config.erps import Erps
from config.settings import ROOT

FILES = ("company.yml", "queues.yml", "hours.yml", "sla.yml", "channels.yml", "macros.yml")

Change = Callable[[str, str, str], Path]


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """A copy of the shipped files in which `old` of file `name` became `new`."""

    def change_file(name: str, old: str, new: str) -> Path:
        for each in FILES:
            shutil.copy(ROOT / "config" / each, tmp_path / each)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no “{old}” any more"
        (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return change_file


def test_the_shipped_files_can_be_used() -> None:
    business = read_business(ROOT / "config")
    assert business.company.name == "Oslo & Co."
    assert business.queues.queues[0].key == "service"


def test_everything_a_person_reads_is_there_in_each_language_of_the_company() -> None:
    business = read_business(ROOT / "config")
    company = business.company
    texts = [company.tagline, company.address, *company.dispositions.values()]
    texts += [queue.name for queue in business.queues.queues]
    assert all(set(company.languages) <= text.keys() for text in texts)


def test_no_intent_leads_to_two_queues() -> None:
    intents = [intent for queue in read_business(ROOT / "config").queues.queues for intent in queue.intents]
    assert len(intents) == len(set(intents))


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("company.yml", "Europe/Madrid", "Europe/Atlantis", "write it like Europe/Madrid"),
        ("company.yml", "Europe/Madrid", "../../etc/passwd", "write it like Europe/Madrid"),
        ("company.yml", "[en, ru, es]", "[en, de]", "languages.1"),
        ("macros.yml", 'en: "Hello {contact.first_name}', 'en: "Hi {contact.__class__}', "there is no variable"),
        ("macros.yml", 'en: "Hello {contact.first_name}', 'en: "Hi {{7*7}}', "there is no variable {7"),
        ("macros.yml", 'en: "Hello {contact.first_name}', 'en: "Hi {contact.name', "a brace stands alone"),
        ("company.yml", "[en, ru, es]", "[]", "languages"),
        ("company.yml", "currency: EUR", "currency: euro", "currency"),
        ("company.yml", "country: ES", "country: Spain", "country"),
        ("company.yml", '"#3450c8"', "blue", "accent_colour"),
        ("company.yml", "name: Oslo", "nmae: Oslo", "nmae"),
        ("company.yml", "  resolved:", "  Resolved!:", "dispositions"),
        ("queues.yml", "teams: [service]", "teams: []", "queues.0.teams"),
        ("queues.yml", "sla: claims", "sla: promised", "there is no “promised”; there are claims, money, standard"),
        ("queues.yml", "sla: money", "hours: night", "there is no “night”; there are main"),
        ("queues.yml", "offer_timeout_s: 30", "offer_timeout_s: 0", "queues.0.offer_timeout_s"),
        ("queues.yml", "last_agent_s: 45", "overflow: {queue: returns}", "stand together"),
        ("hours.yml", "days: [5]", "days: [7]", "windows.1.days.0"),
        ("hours.yml", '"09:00"', '"25:00"', "windows.0.start"),
        ("hours.yml", "closed_on: [", "holidays_file: ../../etc/passwd\n#", "lies beside hours.yml"),
        ("sla.yml", "warn_at: 0.8", "warn_at: 80", "policies.0.warn_at"),
        ("sla.yml", "warn_at: 0.8", "escalate_to: heaven", "there is no “heaven”"),
        ("channels.yml", "channel: webchat", "channel: pigeon", "inboxes.0"),
        ("channels.yml", "origins: []", "origins: [shop]", "inboxes.0"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_its_file_and_line(
    change: Change, name: str, old: str, new: str, problem: str
) -> None:
    directory = change(name, old, new)
    with pytest.raises(DocumentError, match=problem) as caught:
        read_business(directory)
    assert caught.value.path == directory / name
    text = (directory / name).read_text(encoding="utf-8").splitlines()
    expected = next(number for number, line in enumerate(text, 1) if new.splitlines()[0] in line)
    assert caught.value.line == expected


def test_a_missing_file_is_told(change: Change) -> None:
    directory = change("hours.yml", "windows", "windows")
    (directory / "hours.yml").unlink()
    with pytest.raises(DocumentError, match="restore it"):
        read_business(directory)


@pytest.mark.parametrize(("carrier", "number", "page"), [
    ("DHL", "12 3", "https://dhl.example/12%203"),
    ("dhl parcel - delivery", "7", "https://dhl.example/7"),
    ("DHL Freight", "7", "https://freight.example/?n=7"),
    ("SEUR", "7", None),
    (None, "7", None),
    ("DHL", None, None),
])  # fmt: skip
def test_a_parcel_is_followed_at_its_carriers_page(carrier: str | None, number: str | None, page: str | None) -> None:
    pages = {"DHL": "https://dhl.example/{number}", "DHL Freight": "https://freight.example/?n={number}"}
    assert Erps(tracking=pages).tracking_url(carrier, number) == page


@pytest.mark.parametrize(
    "page", ["javascript:alert({number})", "https://x.example/", "https://x.example/{number}{number}"]
)
def test_a_page_without_a_place_for_the_number_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="tracking"):
        Erps(tracking={"DHL": page})


def test_a_macro_is_written_in_every_language_of_the_company(change: Change) -> None:
    folder = change("macros.yml", '      ru: "Здра', '#      ru: "Здра')
    with pytest.raises(DocumentError, match="the text lacks the language ru"):
        read_business(folder)


def test_without_macros_there_are_none(change: Change) -> None:
    folder = change("macros.yml", "macros:", "macros:")
    (folder / "macros.yml").unlink()
    assert read_business(folder).macros.macros == []


def test_files_that_somebody_is_editing_are_not_read_again(tmp_path: Path) -> None:
    """What the desk holds is adopted all the same."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    business = read_business(tmp_path / "config")
    for name in ("erp.yml", "scorecards.yml", "campaigns.yml", "sales.yml"):
        (tmp_path / "config" / name).write_text("half: [a", encoding="utf-8")
    held = business.with_held({"macros": {"macros": []}})
    assert held.macros.macros == []
    assert (held.scorecards, held.campaigns, held.sales) == (business.scorecards, business.campaigns, business.sales)
