"""Help is grouped, every page has an example that parses, and docs/cli.md says the same."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from handful.cli.application import application
from handful.cli.main import run

COMMANDS = (
    "demo",
    "init",
    "size",
    "check",
    "plan",
    "serve",
    "assign",
    "export",
    "evaluate",
    "report",
    "rollout",
    "review",
    "forget",
)
NOT_YET = ("log",)
COMMON = ("--json", "--quiet", "--strict", "--debug")
DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def options(name: str) -> list[str]:
    return [
        option
        for parameter in application.commands[name].params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    ]


def example(name: str) -> list[str]:
    epilog = application.commands[name].epilog or ""
    return shlex.split(epilog.removeprefix("Example: handful "))


def test_the_commands_are_those_of_this_version() -> None:
    assert set(application.commands) == set(COMMANDS)


def test_the_help_groups_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    places = [text.index(word) for word in ("Start:", "  demo", "Decide:", "  plan", "Use:")]
    assert places == sorted(places)
    assert "Example: handful demo" in text
    assert not any(re.search(rf"^  {name} ", text, re.MULTILINE) for name in NOT_YET)


def test_no_words_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    code = run([])
    shown = capsys.readouterr()
    assert code == 3
    assert "Decide:" in shown.out + shown.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_page_has_an_example_that_parses(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    words = example(name)
    assert words[0] == name
    assert f"Example: handful {name}" in text
    application.commands[name].make_context(name, words[1:])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_common_flags(name: str) -> None:
    assert set(COMMON) <= set(options(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    start = DOCS.index(f"\n## {name}\n")
    section = DOCS[start : DOCS.find("\n## ", start + 1)]
    own = [option for option in options(name) if option not in COMMON]
    assert [option for option in own if option not in section] == []
    assert all(f"| `{flag}` |" in DOCS for flag in COMMON)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["--nonsense"],
        ["plan"],
        ["plan", "handful.toml"],
        ["plan", "handful.toml", "--out", "x", "--seed", "-1"],
        ["plan", "handful.toml", "--out", "x", "--seed", "many"],
        ["plan", "handful.toml", "--out", "x", "--expect", "refused"],
        ["demo", "iris"],
        ["evaluate", "handful.toml"],
        *([name] for name in NOT_YET),
    ],
)
def test_wrong_usage_exits_with_3(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Error:" in shown.err
    assert len(shown.err.splitlines()) < 20


def test_the_program_starts_without_the_numerical_stack() -> None:
    heavy = "{'sklearn', 'xgboost', 'scipy', 'duckdb', 'altair', 'pyarrow'}"
    code = (
        "import sys; from handful.cli.main import run; code = run(['--help']); "
        f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == "[]\n"
