"""`woa config`: the settings as they are understood."""

import os

import typer

from cli.commands.options import ConfigFile, Output, OutputOption, finish
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Look at the settings.",
    epilog="Example:  woa config show -c woa.yaml",
    no_args_is_help=True,
)


@app.command(epilog="Examples:  woa config show -c woa.yaml  |  woa config show -o json")
def show(config: ConfigFile = None, output: OutputOption = Output.TABLE) -> None:
    """Every setting with its value and where it comes from. Secrets are hidden."""

    def work() -> Exit:
        from cli.config import run_show

        return run_show(config, os.environ, as_json=output is Output.JSON)

    finish(work)
