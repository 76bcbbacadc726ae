"""commands.md: every command of `woa`."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from cli.commands.tree import app
from docs.generate.text import NOTE, cell, code, table

__all__ = ["commands", "commands_page", "root", "undocumented_commands"]

Command = TyperCommand | TyperGroup
IGNORED = {"--help", "--install-completion", "--show-completion"}


def root() -> Command:
    """`woa` itself."""
    command = typer.main.get_command(app)
    assert isinstance(command, Command)
    return command


def commands(command: Command, path: tuple[str, ...]) -> Iterator[tuple[str, Command]]:
    """Each command under its full name, groups before what is in them."""
    yield " ".join(path), command
    if isinstance(command, TyperGroup):
        for name, inner in sorted(command.commands.items()):
            assert isinstance(inner, Command)
            yield from commands(inner, (*path, name))


def commands_page() -> str:
    """Every command with its options and examples."""
    lines = [NOTE, "# Commands", "", "`woa COMMAND --help` says the same."]
    for name, command in commands(root(), ("woa",)):
        lines += ["", f"## {name}", "", (command.help or "").strip()]
        rows = [row for parameter in command.params if (row := _row(parameter))]
        if rows:
            lines += ["", *table(("option", "environment", "meaning"), rows)]
        if command.epilog:
            lines += ["", *_examples(command.epilog)]
    return "\n".join(lines) + "\n"


def undocumented_commands(command: Command) -> list[str]:
    """Commands without words, and options without, as `woa up --demo`."""
    missing = []
    for name, each in commands(command, ("woa",)):
        if not (each.help or "").strip():
            missing.append(name)
        missing += [
            f"{name} {parameter.opts[0]}"
            for parameter in each.params
            if isinstance(parameter, TyperOption)
            and not IGNORED & set(parameter.opts)
            and not parameter.help
        ]
    return missing


def _row(parameter: Any) -> tuple[str, str, str] | None:
    if IGNORED & set(parameter.opts):
        return None
    variable = parameter.envvar if isinstance(parameter.envvar, str) else ""
    words = getattr(parameter, "help", "") or ""
    spelled = (
        ", ".join(parameter.opts + parameter.secondary_opts)
        if isinstance(parameter, TyperOption)
        else (parameter.name or "").upper()
    )
    return code(spelled), code(variable) if variable else "", cell(words)


def _examples(epilog: str) -> list[str]:
    return ["```", *(line.rstrip() for line in epilog.strip().splitlines()), "```"]
