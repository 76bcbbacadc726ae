"""The command `woa`. Each command imports what it needs when it runs, so that help is quick."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from cli.settings import Settings

__all__ = ["app", "main"]

OK, FAILED, USAGE, UNHEALTHY = 0, 1, 2, 3

app = typer.Typer(
    name="woa",
    help="Health, capacity and queues of every orchestrator you run, in one vocabulary.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
agent_app = typer.Typer(help="Run one agent by itself.", no_args_is_help=True)
app.add_typer(agent_app, name="agent")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", envvar="WOA_CONFIG", help="YAML file with settings."
    ),
]


def main() -> None:
    """Entry point of the console script."""
    from cli.shadowing import ShadowedPackageError, refuse_shadowed

    try:
        refuse_shadowed()
    except ShadowedPackageError as error:
        typer.echo(f"woa: {error}", err=True)
        sys.exit(FAILED)
    app()


@app.callback(invoke_without_command=True)
def woa(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Health, capacity and queues of every orchestrator you run, in one vocabulary."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"woa {version_of('woa')}")
        raise typer.Exit(OK)


@app.command(
    epilog="Examples:  woa up --demo  |  woa up -c woa.yaml  |  WOA_API__PORT=9000 woa up --demo"
)
def up(
    config: ConfigFile = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="Also run a real Temporal dev server with workers under changing load."
        ),
    ] = False,
) -> None:
    """Run everything in one process: PostgreSQL, ingest, agents, API and dashboard.

    Data stays in the state folder (WOA_STATE_DIR). Ctrl-C stops all that was started.
    """
    settings = _settings(config)

    from cli.up import run_up

    _leave(run_up(settings, demo=demo))


@agent_app.command(epilog="Example:  woa agent once --print -c woa.yaml")
def once(
    config: ConfigFile = None,
    print_record: Annotated[
        bool, typer.Option("--print", help="Print the validated records as JSON lines.")
    ] = False,
    instance: Annotated[
        str | None,
        typer.Option(help="instance_id of the agent to run, when the file has several."),
    ] = None,
) -> None:
    """Collect once, validate, and say what was learnt. Nothing is published or stored."""
    settings = _settings(config)

    from cli.agent import run_once

    _leave(run_once(settings, instance=instance, print_record=print_record))


@app.command(epilog="Example:  woa doctor -c woa.yaml")
def doctor(
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Check what woa needs here, and say what is missing and how to mend it."""
    from cli.doctor import run_doctor

    _leave(run_doctor(config, as_json=as_json))


@app.command(epilog="Example:  woa login")
def login(config: ConfigFile = None) -> None:
    """Print a new one-time login link for the dashboard of the running `woa up`."""
    settings = _settings(config)

    from cli.login import run_login

    _leave(run_login(settings))


def _settings(config: Path | None) -> "Settings":
    from cli.logs import configure_logs
    from cli.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        typer.echo(f"woa: wrong setting\n{error}", err=True)
        raise typer.Exit(USAGE) from error
    configure_logs(settings.log)
    return settings


def _leave(code: int) -> NoReturn:
    """End without interpreter finalization: temporalio's native threads can crash in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
