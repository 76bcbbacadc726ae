"""`woa predict`: what a running woa expects."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from analytics.forecasting.names import ModelName
from cli.commands.options import (
    ConfigFile,
    ContextOption,
    OrchestratorArgument,
    OrchestratorOption,
    Output,
    OutputOption,
    PoolArgument,
    QueueArgument,
    ask,
    finish,
    settings_of,
)
from cli.exits import Exit

if TYPE_CHECKING:
    from cli.api_client import ApiClient

__all__ = ["app"]


class Engines(StrEnum):
    """Where a fleet is forecast; see `cli.fan_out`."""

    LOKY = "loky"
    DASK = "dask"
    RAY = "ray"


app = typer.Typer(
    help="Show what a running woa expects.\n\nA forecast comes with its error on the past and with "
    "how sure it is; where the history does not carry one, it says why.",
    epilog="Example:  woa predict capacity orders-prod --hours 48",
    no_args_is_help=True,
)

HoursOption = Annotated[int, typer.Option("--hours", min=1, max=168, help="Hours to look ahead.")]
ModelOption = Annotated[
    ModelName,
    typer.Option("--model", help="What forecasts, where it beats both naive ones on the past."),
]


@app.command(
    epilog="Examples:  woa predict capacity orders-prod  |  "
    "woa predict capacity orders-prod --hours 48 -o json"
)
def capacity(
    orchestrator: OrchestratorArgument,
    hours: HoursOption = 24,
    model: ModelOption = ModelName.ENSEMBLE,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Demand for slots hour by hour, and the capacity that it takes."""

    def work(client: "ApiClient") -> Exit:
        from cli.predict import run_predict_capacity

        return run_predict_capacity(
            client, orchestrator, hours, model, as_json=output is Output.JSON
        )

    ask(context, work)


@app.command(
    epilog="Examples:  woa predict wait billing  |  "
    "woa predict wait billing --ahead 100 --orchestrator orders-prod -o json"
)
def wait(
    queue: QueueArgument,
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


@app.command(
    epilog="Examples:  woa predict workers billing --target-wait-s 30  |  "
    "woa predict workers billing --orchestrator orders-prod --price 0.12 -o json"
)
def workers(
    pool: PoolArgument,
    target_wait_s: Annotated[
        float, typer.Option("--target-wait-s", help="Seconds that work may wait on average.")
    ] = 300.0,
    provisioning_s: Annotated[
        float, typer.Option("--provisioning-s", help="Seconds from an order to a ready worker.")
    ] = 300.0,
    shortage_cost: Annotated[
        float,
        typer.Option(
            "--shortage-cost", help="What a missing worker costs, in what one too many costs."
        ),
    ] = 9.0,
    price: Annotated[float | None, typer.Option("--price", help="Of a worker's hour.")] = None,
    model: ModelOption = ModelName.ENSEMBLE,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """The workers that keep a pool's wait at the target for the next hour. Nothing is changed."""

    def work(client: "ApiClient") -> Exit:
        from cli.get import Wanted
        from cli.predict_workers import run_predict_workers

        goal: dict[str, str | float] = {
            "target_wait_s": target_wait_s,
            "provisioning_s": provisioning_s,
            "shortage_cost": shortage_cost,
            "model": model.value,
        } | ({} if price is None else {"worker_hour_price": price})
        wanted = Wanted("pool", pool, orchestrator=orchestrator)
        return run_predict_workers(client, wanted, goal, as_json=output is Output.JSON)

    ask(context, work)


@app.command(
    epilog="Examples:  woa predict fleet -c woa.yaml  |  "
    "woa predict fleet --hours 48 --jobs 8 -o json  |  "
    "DASK_SCHEDULER_ADDRESS=tcp://dask:8786 woa predict fleet --engine dask"
)
def fleet(
    hours: HoursOption = 24,
    model: ModelOption = ModelName.ENSEMBLE,
    engine: Annotated[
        Engines, typer.Option("--engine", help="loky: processes here; dask, ray: a cluster.")
    ] = Engines.LOKY,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="How many at a time; unset: one a core.")
    ] = None,
    output: OutputOption = Output.TABLE,
    config: ConfigFile = None,
) -> None:
    """The same for every stored orchestrator, learnt in many processes at once.

    Reads the database that the settings name, not the API. Needs `pip install 'woa[fleet]'`; for
    Dask and Ray `woa[dask]` and `woa[ray]`. Ctrl-C stops all that was started.
    """

    def work() -> Exit:
        settings = settings_of(config)

        from cli.fan_out import Engine
        from cli.predict_fleet import run_predict_fleet

        return run_predict_fleet(
            settings, hours, model, Engine(engine.value, jobs or -1), as_json=output is Output.JSON
        )

    finish(work)
