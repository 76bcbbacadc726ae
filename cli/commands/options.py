"""What commands share: options, settings, and how they end."""

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.exits import CommandError, Exit, UsageError

if TYPE_CHECKING:
    from cli.api_client import ApiClient
    from cli.settings import Settings

__all__ = [
    "ConfigFile",
    "ContextOption",
    "EventsOf",
    "EventsOutput",
    "OnlyArgument",
    "OrchestratorArgument",
    "OrchestratorOption",
    "Output",
    "OutputOption",
    "PoolArgument",
    "QueueArgument",
    "ask",
    "finish",
    "leave",
    "outcome",
    "settings_of",
]


class Output(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"


class EventsOf(StrEnum):
    """What `woa events` shows."""

    SCHEDULING = "scheduling"
    COORDINATION = "coordination"


class EventsOutput(StrEnum):
    """How `woa events` prints it."""

    TABLE = "table"
    NDJSON = "ndjson"
    CSV = "csv"


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", envvar="WOA_CONFIG", help="YAML file with settings."
    ),
]
ContextOption = Annotated[
    str | None,
    typer.Option(
        "--context", envvar="WOA_CONTEXT", help="Server to ask, see `woa context`.", metavar="NAME"
    ),
]
OrchestratorArgument = Annotated[
    str, typer.Argument(help="The orchestrator: its id, its name or a part that only it has.")
]
PoolArgument = Annotated[
    str, typer.Argument(help="The pool: its id, its name or a part that only it has.")
]
QueueArgument = Annotated[
    str, typer.Argument(help="The queue: its id, its name or a part that only it has.")
]
OnlyArgument = Annotated[
    str | None, typer.Argument(help="Only this one: its id, its name or a part that only it has.")
]
OrchestratorOption = Annotated[
    str | None,
    typer.Option(
        "--orchestrator",
        metavar="ID",
        help="Only what belongs to it: its id, its name or a part that only it has.",
    ),
]
OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="A table for people or JSON for programs.")
]


def settings_of(config: Path | None) -> "Settings":
    """The settings, with logging set up as they say. Raises `UsageError`."""
    from cli.logs import configure_logs
    from cli.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        raise UsageError(f"wrong setting\n{error}") from error
    configure_logs(settings.log)
    return settings


def outcome(work: Callable[[], Exit]) -> Exit:
    """The exit code of `work`; its `CommandError` is told in a line on standard error."""
    try:
        return work()
    except CommandError as error:
        typer.echo(f"woa: {error}", err=True)
        return error.exit


def finish(work: Callable[[], Exit]) -> NoReturn:
    """Do the command's work and end it."""
    raise typer.Exit(outcome(work))


def leave(work: Callable[[], Exit]) -> NoReturn:
    """The same for a command that may use Temporal's client.

    Ends without interpreter finalization: the client's native threads can crash in it.
    """
    code = outcome(work)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def ask(context: str | None, work: Callable[["ApiClient"], Exit]) -> NoReturn:
    """Do the work of a command that asks a running woa, and end it."""

    def asking() -> Exit:
        from cli.api_client import ApiClient
        from cli.contexts import target_of

        with ApiClient(target_of(context, os.environ)) as client:
            return work(client)

    finish(asking)
