"""The version costs next to nothing to ask for, and is one."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cli.version import VERSION

ROOT = Path(__file__).parent.parent.parent
WOA = Path(sys.executable).parent / "woa"


@pytest.mark.parametrize(
    "command", [[str(WOA)], ["-m", "cli.main"]], ids=["console script", "module"]
)
def test_it_is_printed_without_the_command_tree(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command, "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    tops = {name.partition(".")[0] for name in loaded}

    assert done.stdout == f"woa {VERSION}\n"
    assert "cli.version" in loaded
    assert not tops & {"typer", "click", "pydantic", "rich", "asyncio", "pathlib", "logging"}
    assert not loaded & {"importlib.metadata", "cli.commands"}


def test_the_command_tree_knows_it_too() -> None:
    done = subprocess.run(
        [WOA, "get", "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    first = subprocess.run(
        [WOA, "--version", "get"], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.returncode == 2
    assert first.stdout == f"woa {VERSION}\n"


def test_the_package_takes_its_version_from_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"] == {"path": "cli/version.py"}
