"""Measures of the house: size of functions and files, forbidden calls, what the requirements pin."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions, packages_distributions
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("bot", "channels", "nlu", "crm_core", "config", "desk", "insight")
SILENT_TOKENS = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
}  # fmt: skip
NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class FunctionSize:
    """`where` is file:line name; `lines` are code lines, the signature among them."""

    where: str
    lines: int
    nesting: int
    parameters: int


@dataclass(frozen=True, slots=True)
class FileSize:
    path: Path
    lines: int
    functions: tuple[FunctionSize, ...]


def sources(root: Path, packages: Iterable[str] = PACKAGES) -> list[Path]:
    """Our own Python files; migrations are written once and exempt."""
    found = (path for package in packages for path in sorted((root / package).rglob("*.py")))
    return [path for path in found if "migrations" not in path.parts]


def file_size(path: Path) -> FileSize:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    code = _code_lines(text, tree)
    functions = (node for node in ast.walk(tree) if isinstance(node, Function))
    return FileSize(path, len(code), tuple(_function_size(path, node, code) for node in functions))


def _code_lines(text: str, tree: ast.Module) -> set[int]:
    """Lines that hold a token other than a comment, a docstring or white space."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in SILENT_TOKENS:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - {line for node in _docstrings(tree) for line in range(node.lineno, (node.end_lineno or 0) + 1)}


def _docstrings(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and ast.get_docstring(node, clean=False) is not None:
            yield node.body[0]


def _function_size(path: Path, node: Function, code: set[int]) -> FunctionSize:
    lines = sum(line in code for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    own = [name for name in names if name not in ("self", "cls")]
    starred = [each for each in (node.args.vararg, node.args.kwarg) if each is not None]
    return FunctionSize(f"{path}:{node.lineno} {node.name}", lines, _depth(node.body), len(own) + len(starred))


def _depth(body: Iterable[ast.AST]) -> int:
    """How deep blocks stand inside blocks; `elif` stands beside its `if`, a function inside starts anew."""
    return max((_depth_of(statement) for statement in body), default=0)


def _depth_of(node: ast.AST) -> int:
    if isinstance(node, Function | ast.ClassDef | ast.Lambda):
        return 0
    if isinstance(node, ast.If):
        return max(1 + _depth(node.body), _depth_of_else(node.orelse))
    inner = _depth(ast.iter_child_nodes(node))
    return inner + 1 if isinstance(node, NESTING) else inner


def _depth_of_else(body: list[ast.stmt]) -> int:
    if len(body) == 1 and isinstance(body[0], ast.If):
        return _depth_of(body[0])
    return 1 + _depth(body) if body else 0


def share(values: list[int], part: float) -> int:
    """The value that `part` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(part * 100) * len(ordered) // 100) - 1)]


def transaction_ends(path: Path) -> list[str]:
    """Calls of `.commit()` and `.rollback()`: `file:line name`."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return [
        f"{path}:{call.lineno} {call.func.attr}"
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "rollback")
    ]


def blanket_handlers(path: Path) -> list[str]:
    """Handlers of everything, written out or bare, by the function they stand in; one that raises again is none."""
    found: list[str] = []
    _look_for_handlers(ast.parse(path.read_text(encoding="utf-8")), "", found)
    return found


def _look_for_handlers(node: ast.AST, function: str, found: list[str]) -> None:
    if isinstance(node, Function | ast.ClassDef):
        function = f"{function}.{node.name}".strip(".")
    if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and not _raises_again(node):
        found.append(function)
    for child in ast.iter_child_nodes(node):
        _look_for_handlers(child, function, found)


def _catches_all(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_catches_all(each) for each in kind.elts)
    return kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def strangers(root: Path, names: Iterable[str] = PACKAGES) -> list[str]:
    """Names of ours that resolve outside the checkout or that an installed distribution claims."""
    claimed = packages_distributions()
    wrong = [f"{name} is claimed by {', '.join(claimed[name])}" for name in names if name in claimed]
    for name in names:
        spec = find_spec(name)
        places = list(spec.submodule_search_locations or []) if spec is not None else []
        if [Path(place).resolve() for place in places] != [(root / name).resolve()]:
            wrong.append(f"{name} resolves to {places or 'nothing'}")
    return wrong


PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==\S+(.*)$")
HASH = re.compile(r"^\s+--hash=sha256:[0-9a-f]{64}\b")


def wanted_names(requirements_in: str) -> set[str]:
    """The distributions that a `.in` file asks for, normalised (PEP 503)."""
    lines = (line.split("#")[0].strip() for line in requirements_in.splitlines())
    return {_normalised(re.split(r"[\[<>=!~;\s]", line)[0]) for line in lines if line and not line.startswith("-")}


def pinned_hashes(requirements_txt: str) -> dict[str, int]:
    """Number of hashes by exactly pinned distribution. Raises ValueError for a line that pins nothing."""
    hashes: dict[str, int] = {}
    name = ""
    for line in requirements_txt.splitlines():
        pin = PINNED.match(line)
        if pin is not None:
            name = _normalised(pin[1])
            hashes.setdefault(name, 0)
        elif HASH.match(line):
            hashes[name] += 1
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(f"pins nothing: {line}")
    return hashes


def foreign_indexes(requirements: str) -> list[str]:
    """Lines that name a registry, an index or a direct address: where packages come from is the machine's affair."""
    told = re.compile(r"://|--(extra-)?index-url|--find-links|--trusted-host|^-[if]\s|\s@\s")
    return [line for line in requirements.splitlines() if told.search(line)]


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(distribution: Distribution) -> str:
    """As its metadata tells: the SPDX expression, else the classifiers, else the first line of the free text."""
    told = distribution.metadata
    expressions = told.get_all("License-Expression") or []
    classifiers = [line.rpartition(":: ")[2] for line in told.get_all("Classifier") or [] if line.startswith("License")]
    texts = [str(text).split("\n")[0] for text in told.get_all("License") or []]
    return "; ".join(expressions or classifiers or texts)


def licences(names: Iterable[str]) -> dict[str, str]:
    """Licence by distribution, of those that are installed."""
    wanted = set(names)
    found = ((_normalised(each.metadata["Name"]), each) for each in distributions())
    return {name: licence_of(each) for name, each in found if name in wanted}


COPYLEFT = re.compile(r"GPL|General Public|Affero|MPL|Mozilla|EUPL|CDDL|EPL|BUSL|Business Source|SSPL|Commons Clause")


def unwelcome_licences(licences: dict[str, str], allowed: Iterable[str]) -> list[str]:
    """Distributions that are under a copyleft or a restricted licence, or that tell none."""
    known = set(allowed)
    return [
        f"{name}: {licence or 'no licence'}"
        for name, licence in sorted(licences.items())
        if name not in known and (not licence or COPYLEFT.search(licence))
    ]
