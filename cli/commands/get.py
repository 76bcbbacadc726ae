"""`woa get`: what a running woa knows."""

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
    from cli.get import Wanted

__all__ = ["app"]

app = typer.Typer(
    help="Show what a running woa knows.\n\nUnknown is shown as -, never as 0; what is not of the "
    "present says so. -o json prints the items of the HTTP API as they are.",
    epilog="Examples:  woa get orchestrators  |  woa get queues --orchestrator orders-prod -o json",
    no_args_is_help=True,
)

PoolOption = Annotated[
    str | None,
    typer.Option(
        "--pool", metavar="ID", help="Only its workers: id, name or a part that only it has."
    ),
]
StatusOption = Annotated[
    str | None,
    typer.Option("--status", help="Only workers of it: active, idle, busy, failed or terminating."),
]
Name = Annotated[
    str | None, typer.Argument(help="Only this one: its id, its name or a part that only it has.")
]


@app.command(
    epilog="Examples:  woa get orchestrators  |  woa get orchestrators orders -o json  |  "
    "woa get orchestrators --context production"
)
def orchestrators(
    name: Name = None, output: OutputOption = Output.TABLE, context: ContextOption = None
) -> None:
    """Orchestrators with their health and main numbers."""
    from cli.get import Wanted

    _show(Wanted("orchestrator", name), output, context)


@app.command(epilog="Examples:  woa get pools  |  woa get pools --orchestrator orders-prod -o json")
def pools(
    name: Name = None,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Worker pools and how busy they are."""
    from cli.get import Wanted

    _show(Wanted("pool", name, orchestrator=orchestrator), output, context)


@app.command(
    epilog="Examples:  woa get workers --pool billing  |  woa get workers --status failed -o json"
)
def workers(
    name: Name = None,
    orchestrator: OrchestratorOption = None,
    pool: PoolOption = None,
    status: StatusOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Workers, pool by pool."""
    from cli.get import Wanted

    wanted = Wanted("worker", name, orchestrator=orchestrator, pool=pool, status=status)
    _show(wanted, output, context)


@app.command(
    epilog="Examples:  woa get queues  |  woa get queues billing --orchestrator orders-prod  |  "
    "woa get queues -o json"
)
def queues(
    name: Name = None,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Queues and what waits in them."""
    from cli.get import Wanted

    _show(Wanted("queue", name, orchestrator=orchestrator), output, context)


def _show(wanted: "Wanted", output: Output, context: str | None) -> None:
    def work(client: "ApiClient") -> Exit:
        from cli.get import run_get

        return run_get(client, wanted, as_json=output is Output.JSON)

    ask(context, work)
