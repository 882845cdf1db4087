"""Small files, short functions, flat classes, no drawers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from source import SRC, classes, functions, modules, tree

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_ARGUMENTS = 6

# Entry points people call by keyword, where a record would only move the arguments elsewhere.
MANY_ARGUMENTS = {
    "handful.menu.choose.choose_menu": "the engine's public call: a matrix and its rules",
    "handful.planning.run.plan": "the public call of the main job",
    "handful.experiment.records.Experiment.from_frame": "the keys of a brief, by name",
    "handful.experiment.sources.stream_customers": "what a customer file must hold, by name",
    "handful.kernels.forest.score_forest": "one argument per array handed to C",
}

DRAWERS = re.compile(r"(^|_)(utils?|helpers?|common|misc|tools)$")
FORBIDDEN_MODULES = {"pickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
FLAT_BASES = {"Protocol", "NamedTuple", "TypedDict", "Enum", "StrEnum", "IntEnum", "Exception"}
ERROR_BASES = {"HandfulError"}  # the exception tree is the one hierarchy: callers catch by branch
# Classes a library asks us to derive from: its hook, not our hierarchy.
HOOK_BASES = {"Group", "ParamType", "HTMLParser", "Structure", "Struct"}


def _id(path: Path) -> str:
    return str(path.relative_to(SRC))


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, less the docstring: documentation is not length."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return total
    docstring = function.body[0]
    return total - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    spec = function.args
    names = [argument.arg for argument in spec.posonlyargs + spec.args + spec.kwonlyargs]
    return len([name for name in names if name not in {"self", "cls"}])


def _is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command's arguments are its options: click passes one argument for each."""
    return any("command" in ast.unparse(decorator) for decorator in function.decorator_list)


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_file_is_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_functions_are_short(path: Path) -> None:
    long = {
        name: _lines(node) for name, node in functions(path) if _lines(node) > MAX_FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_functions_take_few_arguments(path: Path) -> None:
    many = {
        name: _arguments(node)
        for name, node in functions(path)
        if _arguments(node) > MAX_ARGUMENTS and not _is_command(node) and name not in MANY_ARGUMENTS
    }
    assert many == {}


def test_exceptions_to_the_argument_rule_are_still_needed() -> None:
    counts = {name: _arguments(node) for path in modules() for name, node in functions(path)}
    stale = [name for name in MANY_ARGUMENTS if counts.get(name, 0) <= MAX_ARGUMENTS]
    assert stale == []


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_no_keyword_catch_all(path: Path) -> None:
    assert [name for name, node in functions(path) if node.args.kwarg is not None] == []


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_classes_are_flat(path: Path) -> None:
    allowed = FLAT_BASES | HOOK_BASES | (ERROR_BASES if path == SRC / "errors.py" else set())
    deep = []
    for node in classes(path):
        bases = {ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases}
        if bases - allowed:
            deep.append((node.name, sorted(bases)))
    assert deep == []


def test_no_drawers() -> None:
    names = [part for path in modules() for part in path.relative_to(SRC).with_suffix("").parts]
    assert [name for name in names if DRAWERS.search(name)] == []


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_no_assert_print_or_stub(path: Path) -> None:
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Assert):
            found.append(f"assert, line {node.lineno}")
        if isinstance(node, ast.Name) and node.id in {"print", "NotImplementedError"}:
            found.append(f"{node.id}, line {node.lineno}")
    assert found == []


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_no_pickle_and_no_global_seed(path: Path) -> None:
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = getattr(node, "module", None) or ""
            names = {origin, *(alias.name for alias in node.names)}
            found += [name for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith("random.seed"):
            found.append(ast.unparse(node))
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            value = node.value
            if not (isinstance(value, ast.Constant) and value.value is False):
                found.append("allow_pickle")
    assert found == []


@pytest.mark.parametrize("path", modules(), ids=_id)
def test_annotations_are_postponed(path: Path) -> None:
    body = tree(path).body
    if not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body):
        return  # a room's charter and its front door: nothing to annotate
    imports = [
        alias.name
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    ]
    assert "annotations" in imports
