"""`woa optimize`: what could be set better, as a running woa has measured it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import (
    ContextOption,
    OrchestratorArgument,
    OrchestratorOption,
    Output,
    OutputOption,
    PoolArgument,
    QueueArgument,
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
    pool: PoolArgument,
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


@app.command(
    epilog="Examples:  woa optimize queue billing  |  "
    "woa optimize queue billing --target-wait-s 60 --drain-s 600 -o json"
)
def queue(
    queue: QueueArgument,
    target_wait_s: Annotated[
        float, typer.Option("--target-wait-s", help="Mean wait to reach, in seconds.")
    ] = 300.0,
    drain_s: Annotated[
        float, typer.Option("--drain-s", help="Seconds within which a backlog is to be gone.")
    ] = 3600.0,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Consumers and retries of a queue, for a wait and a time to drain."""

    def work(client: "ApiClient") -> Exit:
        from cli.get import Wanted
        from cli.optimize import run_optimize_queue

        body = {"target_wait_s": target_wait_s, "drain_s": drain_s}
        wanted = Wanted("queue", queue, orchestrator=orchestrator)
        return run_optimize_queue(client, wanted, body, as_json=output is Output.JSON)

    ask(context, work)


@app.command(
    epilog="Examples:  woa optimize balancing orders-prod --work work.yaml  |  "
    "woa optimize balancing orders-prod --pool billing --work work.yaml -o json"
)
def balancing(
    orchestrator: OrchestratorArgument,
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="ID", help="Only this pool: id, name or a part.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work",
            metavar="FILE",
            help="YAML file with what is known of the work, e.g. `service_cv2: 4`; the keys are "
            "those of POST /load-balancing/optimize.",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """The algorithm by which the least would wait, by simulation, for each pool."""

    def asked(client: "ApiClient") -> Exit:
        from cli.optimize import run_optimize_balancing

        as_json = output is Output.JSON
        return run_optimize_balancing(client, orchestrator, pool, work, as_json=as_json)

    ask(context, asked)


@app.command(
    epilog="Examples:  woa optimize scheduling orders-prod  |  "
    "woa optimize scheduling orders-prod --since 30d -o json"
)
def scheduling(
    orchestrator: OrchestratorArgument,
    since: Annotated[str, typer.Option("--since", help="How far back, e.g. 14d.")] = "14d",
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """The scheduling algorithm under which work waits less, if what was measured carries that."""

    def work(client: "ApiClient") -> Exit:
        from cli.optimize import run_optimize_scheduling

        as_json = output is Output.JSON
        return run_optimize_scheduling(client, orchestrator, since, as_json=as_json)

    ask(context, work)
