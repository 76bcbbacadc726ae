"""The command as a user has it: in a process of its own, or in this one where that is enough."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from cli.commands.tree import app

__all__ = ["Answer", "config", "invoke", "woa"]


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


def woa(
    *arguments: str, folder: Path, env: Mapping[str, str] | None = None, stdin: str | None = None
) -> Answer:
    """Run it with its data and its contexts in `folder`, and no other setting than `env`."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env={**clean_environment(folder), **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def invoke(*arguments: str, folder: Path, env: Mapping[str, str] | None = None) -> Answer:
    """The same in this process, for commands that leave its logging and loop alone."""
    others = {name: None for name in os.environ if name.startswith("WOA_")}
    done = CliRunner().invoke(
        app,
        list(arguments),
        env={**others, **places(folder), **(env or {})},
        catch_exceptions=False,
    )
    return Answer(done.exit_code, done.stdout, done.stderr)


def config(folder: Path, text: str) -> str:
    """A file of settings."""
    path = folder / "woa.yaml"
    path.write_text(text)
    return str(path)


def clean_environment(folder: Path) -> dict[str, str]:
    """Ours without what says something to woa, but for its places."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WOA_")}
    return {**kept, **places(folder)}


def places(folder: Path) -> dict[str, str]:
    return {"WOA_STATE_DIR": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
