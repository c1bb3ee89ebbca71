"""The rules of the house that are worth having, each with an example that its check must refuse."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import ROOT
from tests.support.layout import (
    FileSize,
    blanket_handlers,
    file_size,
    foreign_indexes,
    licences,
    pinned_hashes,
    share,
    sources,
    strangers,
    transaction_ends,
    unwelcome_licences,
    wanted_names,
)

MOST_FUNCTION_LINES, MEDIAN_FUNCTION_LINES, P90_FUNCTION_LINES = 40, 7, 22
MOST_FILE_LINES, MOST_ADAPTER_LINES, MEDIAN_FILE_LINES = 300, 200, 110
MOST_NESTING, MOST_PARAMETERS = 3, 5

# Outermost loops, where one bad item must not stop the others. A new entry needs a reason as good as these.
OUTERMOST = {
    "bot/worker.py": {"Worker._carry_out"},  # one bad job
    "bot/api/routing.py": {"_answer"},  # one request; the program gets a sentence, never the error
    "bot/inline.py": {"InlineTurns._guarded", "InlineTurns._give_back"},  # one bad turn; the lease is the second net
    "bot/postman.py": {"Postman._look_back"},  # one bad receiver; what it did not get is sent again
    "bot/pullers.py": {"_keep_pulling"},  # one inbox whose provider is away
    "bot/turn.py": {"_listen"},  # a broken flow ends with a person, not with silence
    "crm_core/dispatcher.py": {"Dispatcher.run"},  # one bad round; offers go on after a moment
    "channels/sender.py": {"_send"},  # an adapter's fault becomes a recorded result
    "channels/webchat_socket.py": {"ChatSocket.serve"},  # one socket; the visitor gets a closing code, never the error
    "desk/answers.py": {"_answer"},  # one request; the person gets a sentence, never the error
}

# Weak copyleft, used unchanged as libraries: docs/decisions/0008-licences.md.
WEAK_COPYLEFT = {"psycopg", "psycopg-binary", "certifi", "tqdm"}

Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def sizes() -> list[FileSize]:
    return [file_size(path) for path in sources(ROOT)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_example(text: str) -> Path:
        path = tmp_path / "example.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write_example


def test_our_names_resolve_inside_the_checkout_and_nobody_else_claims_them() -> None:
    assert strangers(ROOT) == []


def test_a_name_of_an_installed_package_is_refused() -> None:
    assert len(strangers(ROOT, ["yaml"])) == 2


def test_only_the_database_module_ends_transactions() -> None:
    ends = [end for path in sources(ROOT) for end in transaction_ends(path)]
    assert [end for end in ends if not end.startswith(f"{ROOT / 'crm_core' / 'db.py'}:")] == []
    assert ends, "the check sees the one place where it is allowed"


@pytest.mark.parametrize("call", ["await session.commit()", "uow.session.rollback()", "connect().commit()"])
def test_a_commit_elsewhere_is_refused(write: Write, call: str) -> None:
    assert len(transaction_ends(write(f"async def save(session, uow):\n    {call}\n"))) == 1


def test_functions_keep_to_their_size(sizes: list[FileSize]) -> None:
    functions = [function for size in sizes for function in size.functions]
    assert [function for function in functions if function.lines > MOST_FUNCTION_LINES] == []


def test_a_long_function_is_refused(write: Write) -> None:
    long = "def act():\n" + "    step()\n" * MOST_FUNCTION_LINES
    assert file_size(write(long)).functions[0].lines > MOST_FUNCTION_LINES


def test_functions_are_short_as_a_whole(sizes: list[FileSize]) -> None:
    lines = [function.lines for size in sizes for function in size.functions]
    assert share(lines, 0.5) <= MEDIAN_FUNCTION_LINES
    assert share(lines, 0.9) <= P90_FUNCTION_LINES


def test_the_shares_are_those_of_the_values() -> None:
    assert (share([9, 1, 2, 3, 10], 0.5), share(list(range(1, 11)), 0.9), share([4], 0.9)) == (3, 9, 4)


def test_files_keep_to_their_size(sizes: list[FileSize]) -> None:
    assert [(size.path.name, size.lines) for size in sizes if size.lines > MOST_FILE_LINES] == []
    assert share([size.lines for size in sizes], 0.5) <= MEDIAN_FILE_LINES


def test_channel_adapters_keep_to_their_smaller_size(sizes: list[FileSize]) -> None:
    adapters = [size for size in sizes if size.path.parent == ROOT / "channels"]
    assert adapters
    assert [(size.path.name, size.lines) for size in adapters if size.lines > MOST_ADAPTER_LINES] == []


def test_comments_docstrings_and_blank_lines_are_no_code(write: Write) -> None:
    text = '"""Module."""\n\n# remark\n\n\ndef act():\n    """One\n\n    two."""\n\n    # why\n    return """a\nb"""\n'
    size = file_size(write(text))
    assert (size.lines, size.functions[0].lines) == (3, 3)


def test_code_is_not_nested_deeply(sizes: list[FileSize]) -> None:
    deep = [function for size in sizes for function in size.functions if function.nesting > MOST_NESTING]
    assert deep == []


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        ("    pass\n", 0),
        ("    if a:\n        pass\n    elif b:\n        pass\n    elif c:\n        pass\n    else:\n        pass\n", 1),
        ("    try:\n        with a:\n            pass\n    except B:\n        pass\n", 2),
        ("    for a in b:\n        while c:\n            if d:\n                with e:\n                    f()\n", 4),
        ("    if a:\n        pass\n    else:\n        for b in c:\n            pass\n", 2),
        ("    match a:\n        case 1:\n            if b:\n                pass\n", 2),
        ("    try:\n        pass\n    except B:\n        for c in d:\n            if e:\n                pass\n", 3),
    ],
)  # fmt: skip
def test_nesting_is_counted_as_a_reader_sees_it(write: Write, body: str, depth: int) -> None:
    assert file_size(write(f"def act():\n{body}")).functions[0].nesting == depth


def test_functions_take_few_parameters(sizes: list[FileSize]) -> None:
    many = [function for size in sizes for function in size.functions if function.parameters > MOST_PARAMETERS]
    assert many == []


def test_keyword_only_and_starred_parameters_count_but_self_does_not(write: Write) -> None:
    method = "class Act:\n    def act(self, a, /, b, *rest, c, **named):\n        pass\n"
    assert file_size(write(method)).functions[0].parameters == 5


def test_everything_is_caught_only_in_outermost_loops() -> None:
    caught = {str(path.relative_to(ROOT)): set(blanket_handlers(path)) for path in sources(ROOT)}
    assert {name: functions for name, functions in caught.items() if functions} == OUTERMOST


@pytest.mark.parametrize("kind", [" Exception", " (OSError, Exception) as error", " BaseException", ""])
def test_a_blanket_handler_is_refused(write: Write, kind: str) -> None:
    path = write(
        f"class Act:\n    def act(self):\n        try:\n            pass\n        except{kind}:\n            x()\n"
    )
    assert blanket_handlers(path) == ["Act.act"]


def test_a_handler_that_raises_again_is_allowed(write: Write) -> None:
    assert blanket_handlers(write("try:\n    pass\nexcept BaseException:\n    undo()\n    raise\n")) == []


@pytest.mark.parametrize("part", ["base", "dev"])
def test_every_requirement_is_pinned_with_its_hashes(part: str) -> None:
    pinned = pinned_hashes((ROOT / "requirements" / f"{part}.txt").read_text())
    wanted = wanted_names((ROOT / "requirements" / f"{part}.in").read_text())
    assert sorted(wanted - pinned.keys()) == []
    assert sorted(name for name, hashes in pinned.items() if hashes == 0) == []


def test_a_requirement_without_a_hash_or_a_pin_is_seen() -> None:
    assert wanted_names("# remark\n-c base.txt\nPy_YAML[fast]>=6 # why\n") == {"py-yaml"}
    assert pinned_hashes("pyyaml==6.0.2\n    # via -r base.in\n") == {"pyyaml": 0}
    with pytest.raises(ValueError, match="pins nothing"):
        pinned_hashes("pyyaml>=6\n")


@pytest.mark.parametrize("name", ["base.in", "base.txt", "dev.in", "dev.txt"])
def test_requirements_name_no_registry(name: str) -> None:
    assert foreign_indexes((ROOT / "requirements" / name).read_text()) == []


@pytest.mark.parametrize(
    "line",
    ["--index-url mirror", "--extra-index-url=x", "-i mirror", "--find-links wheels", "a @ git+ssh", "https://x/a.whl"],
)
def test_a_registry_in_the_requirements_is_refused(line: str) -> None:
    assert foreign_indexes(line) == [line]


def test_what_we_import_is_under_licences_that_our_own_allows() -> None:
    pinned = pinned_hashes((ROOT / "requirements" / "base.txt").read_text())
    told = licences(pinned)
    assert len(told) > 40, "the check sees the installed packages"
    assert unwelcome_licences(told, WEAK_COPYLEFT) == []


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-only", "GNU Affero General Public License v3", "LGPL-3.0-only", "BUSL-1.1", "MPL-2.0", ""]
)
def test_an_unwelcome_licence_is_refused(licence: str) -> None:
    assert len(unwelcome_licences({"lodger": licence}, WEAK_COPYLEFT)) == 1
    assert unwelcome_licences({"lodger": "MIT OR Apache-2.0"}, WEAK_COPYLEFT) == []
