"""`woa optimize`: what could be set better, as a running woa has measured it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import (
    ContextOption,
    OrchestratorOption,
    Output,
    OutputOption,
    ask,
)
from cli.exits import Exit

if TYPE_CHECKING:
    from cli.api_client import ApiClient

__all__ = ["app"]

app = typer.Typer(
    help="Show what could be set better, with its evidence, effect and risk. Nothing is changed.",
    epilog="Example:  woa optimize pool billing",
    no_args_is_help=True,
)


@app.command(
    epilog="Examples:  woa optimize pool billing  |  woa optimize pool billing --since 7d -o json"
)
def pool(
    pool: Annotated[
        str, typer.Argument(help="The pool: its id, its name or a part that only it has.")
    ],
    since: Annotated[str, typer.Option("--since", help="How far back, e.g. 14d.")] = "14d",
    delay_s: Annotated[
        float, typer.Option("--delay-s", help="Seconds from an order to a ready worker.")
    ] = 300.0,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Size, resources, scaling policy, placement and health checks of a pool of workers."""

    def work(client: "ApiClient") -> Exit:
        from cli.get import Wanted
        from cli.optimize import run_optimize_pool

        wanted = Wanted("pool", pool, orchestrator=orchestrator)
        return run_optimize_pool(client, wanted, since, delay_s, as_json=output is Output.JSON)

    ask(context, work)
