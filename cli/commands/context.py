"""`woa context`: the servers that `woa get` may ask."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import Output, OutputOption, finish
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Choose the server that `woa get` asks.\n\nWithout any set-up it is the `woa up` that "
    "runs here, under the name `local`. WOA_URL and WOA_TOKEN, or --context NAME for one command, "
    "go before the current context.",
    epilog="Examples:  woa context set production --url https://woa.example.com "
    "--token-file token.txt  |  woa context use production  |  woa context list",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Name of the context.")]


@app.command("list", epilog="Examples:  woa context list  |  woa context list -o json")
def list_(output: OutputOption = Output.TABLE) -> None:
    """List the contexts. Tokens are never shown."""

    def work() -> Exit:
        from cli.context import run_list

        return run_list(os.environ, as_json=output is Output.JSON)

    finish(work)


@app.command(epilog="Example:  woa context current")
def current() -> None:
    """Print the name and the address of the server that is asked now."""

    def work() -> Exit:
        from cli.context import run_current

        return run_current(os.environ)

    finish(work)


@app.command(epilog="Examples:  woa context use production  |  woa context use local")
def use(name: Name) -> None:
    """Make a context the current one."""

    def work() -> Exit:
        from cli.context import run_use

        return run_use(os.environ, name)

    finish(work)


@app.command(
    "set",
    epilog="Examples:  woa context set production --url https://woa.example.com "
    "--token-file token.txt  |  pass woa | woa context set production --token-file -",
)
def set_(
    name: Name,
    url: Annotated[
        str | None, typer.Option(help="Address of the server, such as https://woa.example.com.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with the API token; - reads standard input. A token on the command line "
            "would be seen by others.",
        ),
    ] = None,
) -> None:
    """Make a context, or change the address or the token of one."""

    def work() -> Exit:
        from cli.context import run_set

        return run_set(os.environ, name, url, token_file)

    finish(work)


@app.command(epilog="Example:  woa context delete production")
def delete(name: Name) -> None:
    """Forget a context and its token."""

    def work() -> Exit:
        from cli.context import run_delete

        return run_delete(os.environ, name)

    finish(work)
