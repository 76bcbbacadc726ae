"""`woa db`: the database's structure and size."""

from typing import Annotated

import typer

from cli.commands.options import ConfigFile, Output, OutputOption, finish, settings_of
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Look after the database.\n\nThe one of WOA_DATABASE_URL, else the embedded one of the "
    "state folder, which is started for as long as it takes.",
    epilog="Examples:  woa db migrate --check  |  woa db migrate  |  woa db size",
    no_args_is_help=True,
)


@app.command(epilog="Examples:  woa db migrate  |  woa db migrate --check -c woa.yaml")
def migrate(
    config: ConfigFile = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; exit code 1 when there is something to do."),
    ] = False,
) -> None:
    """Bring the database to the structure of this version, and say what was done."""

    def work() -> Exit:
        settings = settings_of(config)

        from cli.database import run_migrate

        return run_migrate(settings, check=check)

    finish(work)


@app.command(epilog="Examples:  woa db size  |  woa db size -o json -c woa.yaml")
def size(config: ConfigFile = None, output: OutputOption = Output.TABLE) -> None:
    """What each table takes, how far back it goes, and what retention drops next."""

    def work() -> Exit:
        settings = settings_of(config)

        from cli.database import run_size

        return run_size(settings, as_json=output is Output.JSON)

    finish(work)
