"""`woa predict`: what a running woa expects."""

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
    help="Show what a running woa expects.\n\nA forecast comes with its error on the past and with "
    "how sure it is; where the history does not carry one, it says why.",
    epilog="Example:  woa predict capacity orders-prod --hours 48",
    no_args_is_help=True,
)


@app.command(
    epilog="Examples:  woa predict capacity orders-prod  |  "
    "woa predict capacity orders-prod --hours 48 -o json"
)
def capacity(
    orchestrator: Annotated[
        str, typer.Argument(help="The orchestrator: its id, its name or a part that only it has.")
    ],
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=168, help="Hours to look ahead.")
    ] = 24,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Demand for slots hour by hour, and the capacity that it takes."""

    def work(client: "ApiClient") -> Exit:
        from cli.predict import run_predict_capacity

        return run_predict_capacity(client, orchestrator, hours, as_json=output is Output.JSON)

    ask(context, work)


@app.command(
    epilog="Examples:  woa predict wait billing  |  "
    "woa predict wait billing --ahead 100 --orchestrator orders-prod -o json"
)
def wait(
    queue: Annotated[
        str, typer.Argument(help="The queue: its id, its name or a part that only it has.")
    ],
    ahead: Annotated[
        int | None,
        typer.Option("--ahead", min=0, help="Items taken before it; unset: all but the last."),
    ] = None,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """When an item that waits in a queue is taken, with a range."""

    def work(client: "ApiClient") -> Exit:
        from cli.predict import run_predict_wait

        return run_predict_wait(client, queue, orchestrator, ahead, as_json=output is Output.JSON)

    ask(context, work)
