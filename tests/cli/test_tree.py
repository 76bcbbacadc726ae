"""Every command of the tree says what it does, with examples that it would take."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.commands.tree import app
from cli.exits import Exit

Command = TyperCommand | TyperGroup

ROOT = get_command(app)
assert isinstance(ROOT, TyperGroup)
# Typer itself takes pydantic for the options of a command, not for the help of the whole.
HEAVY = ("httpx", "psycopg", "rich", "yaml", "structlog", "asyncio", "temporalio")

HELP = """
import sys
from cli.main import main
sys.argv = [*sys.argv[1:], "--help"]
try:
    main()
finally:
    print(*sys.modules)
"""


def walk(command: Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    yield " ".join(("woa", *path)), command
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            assert isinstance(below, Command)
            yield from walk(below, (*path, name))


COMMANDS = dict(walk(ROOT))
BELOW_THE_ROOT = [name for name in COMMANDS if name != "woa"]


def examples(command: Command) -> list[str]:
    """Those of the epilog: `Examples:  one  |  another`."""
    _, _, text = (command.epilog or "").partition(":")
    return [part.strip() for part in text.split("  |  ") if part.strip()]


def arguments_of(example: str) -> list[str]:
    """Without what stands in front: variables, another program's output."""
    words = shlex.split(example)
    return words[len(words) - words[::-1].index("woa") :]


def test_the_tree_is_walked() -> None:
    assert {"woa up", "woa get queues", "woa context set", "woa db migrate"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does(name: str) -> None:
    assert (COMMANDS[name].help or "").strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_says_what_it_is_for(name: str) -> None:
    silent = [
        parameter.name
        for parameter in COMMANDS[name].params
        if not getattr(parameter, "help", None) and parameter.name != "help"
    ]

    assert silent == []


@pytest.mark.parametrize("name", BELOW_THE_ROOT)
def test_a_command_has_examples_of_itself(name: str) -> None:
    found = examples(COMMANDS[name])

    assert found
    assert all(example.find(name) >= 0 for example in found)


@pytest.mark.parametrize("name", BELOW_THE_ROOT)
def test_its_examples_are_taken(name: str) -> None:
    for example in examples(COMMANDS[name]):
        command: object = ROOT
        words = arguments_of(example)
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]

        assert isinstance(command, TyperCommand)
        command.make_context(name, words)


def test_the_exit_codes_are_in_the_help() -> None:
    numbers = [int(number) for number in re.findall(r"(\d) \w", ROOT.epilog or "")]

    assert numbers == [int(code) for code in Exit]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_printed_without_heavy_imports(name: str) -> None:
    heavy = (*HEAVY, "pydantic") if name == "woa" else HEAVY
    done = subprocess.run(
        [sys.executable, "-c", HELP, *name.split()],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = done.stdout.splitlines()[-1].split()

    assert done.stdout.startswith(f"Usage: {name}")
    assert "cli.commands.tree" in loaded
    assert set(loaded) & set(heavy) == set()
