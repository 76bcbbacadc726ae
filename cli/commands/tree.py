"""The tree of all commands, and its way in."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import (
    agent,
    config,
    context,
    db,
    dead_letters,
    get,
    ingest,
    kafka,
    optimize,
    predict,
    rules,
)
from cli.commands.options import (
    ConfigFile,
    ContextOption,
    EventsOf,
    EventsOutput,
    OnlyArgument,
    OrchestratorArgument,
    OrchestratorOption,
    Output,
    OutputOption,
    PoolArgument,
    ask,
    finish,
    leave,
    settings_of,
)
from cli.exits import EXIT_CODES, Exit
from cli.version import VERSION

if TYPE_CHECKING:
    from cli.api_client import ApiClient

__all__ = ["app", "run"]

app = typer.Typer(
    name="woa",
    help="Health, capacity and queues of every orchestrator you run, in one vocabulary.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(get.app, name="get")
app.add_typer(predict.app, name="predict")
app.add_typer(optimize.app, name="optimize")
app.add_typer(rules.app, name="rules")
app.add_typer(agent.app, name="agent")
app.add_typer(ingest.app, name="ingest")
app.add_typer(kafka.app, name="kafka")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(context.app, name="context")
app.add_typer(db.app, name="db")
app.add_typer(config.app, name="config")


def run() -> None:
    """Refuse a shadowed package, else run the command that was given."""
    from cli.shadowing import ShadowedPackageError, refuse_shadowed

    try:
        refuse_shadowed()
    except ShadowedPackageError as error:
        typer.echo(f"woa: {error}", err=True)
        sys.exit(Exit.FAILED)
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"woa {VERSION}")
        raise typer.Exit(Exit.OK)


@app.callback()
def woa(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and stop.",
        ),
    ] = False,
) -> None:
    """Health, capacity and queues of every orchestrator you run, in one vocabulary."""


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
    """Run everything in one process.

    PostgreSQL, ingest, agents, API and dashboard. Data stays in the state folder
    (WOA_STATE_DIR). Ctrl-C stops all that was started.
    """

    def work() -> Exit:
        settings = settings_of(config)

        from cli.up import run_up

        return run_up(settings, demo=demo)

    leave(work)


@app.command(
    epilog="Examples:  woa whatif billing --since 7d  |  "
    "woa whatif billing --policy a.yaml --policy b.yaml --since 14d -o json"
)
def whatif(
    pool: PoolArgument,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="YAML file with a policy, e.g. `kind: keda`; may be given again. Without it: the "
            "specification's rule and the default one.",
        ),
    ] = None,
    since: Annotated[str, typer.Option("--since", help="How far back, e.g. 14d.")] = "14d",
    delay_s: Annotated[
        float, typer.Option("--delay-s", help="Seconds from an order to a ready worker.")
    ] = 300.0,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Replay scaling policies over a pool's own history. Nothing is changed."""

    def work(client: "ApiClient") -> Exit:
        from cli.whatif import Question, run_whatif

        question = Question(pool, orchestrator, tuple(policy or ()), since, delay_s)
        return run_whatif(client, question, as_json=output is Output.JSON)

    ask(context, work)


@app.command(
    epilog="Examples:  woa scorecard  |  woa scorecard orders --since 30d  |  woa scorecard -o json"
)
def scorecard(
    orchestrator: OnlyArgument = None,
    since: Annotated[
        str, typer.Option("--since", help="How far back, e.g. 7d; at most 31d.")
    ] = "7d",
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """How orchestrators did: uptime, waits, use of capacity, each beside its target."""

    def work(client: "ApiClient") -> Exit:
        from cli.scorecard import run_scorecard

        return run_scorecard(client, orchestrator, since, as_json=output is Output.JSON)

    ask(context, work)


@app.command(epilog="Examples:  woa anomalies billing  |  woa anomalies billing -o json")
def anomalies(
    pool: PoolArgument,
    orchestrator: OrchestratorOption = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Workers of a pool that behave unlike the others now."""

    def work(client: "ApiClient") -> Exit:
        from cli.anomalies import run_anomalies
        from cli.get import Wanted

        wanted = Wanted("pool", pool, orchestrator=orchestrator)
        return run_anomalies(client, wanted, as_json=output is Output.JSON)

    ask(context, work)


@app.command(
    epilog="Examples:  woa why  |  woa why orders-prod  |  woa why --queue billing -o json"
)
def why(
    orchestrator: OnlyArgument = None,
    queue: Annotated[
        str | None,
        typer.Option("--queue", metavar="ID", help="Only what waits in it: id, name or a part."),
    ] = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Why work waits: a sentence for each queue, from its limit over workers and pods to nodes.

    The chain goes on in the Kubernetes clusters that the workers are pods of, as far as it is
    known, and says where it ends.
    """

    def work(client: "ApiClient") -> Exit:
        from cli.why import run_why

        return run_why(client, orchestrator, queue, as_json=output is Output.JSON)

    ask(context, work)


@app.command(
    epilog="Examples:  woa events orders-prod  |  woa events orders-prod --kind coordination  |  "
    "woa events orders-prod --since 7d -o csv"
)
def events(
    orchestrator: OrchestratorArgument,
    kind: Annotated[
        EventsOf, typer.Option("--kind", help="Decisions of schedulers, or what parts agreed on.")
    ] = EventsOf.SCHEDULING,
    since: Annotated[str, typer.Option("--since", help="How far back, e.g. 7d.")] = "1h",
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Rows of the table; files have all.")
    ] = 50,
    output: Annotated[
        EventsOutput,
        typer.Option("--output", "-o", help="A table, or a file: a JSON object a line, or CSV."),
    ] = EventsOutput.TABLE,
    context: ContextOption = None,
) -> None:
    """What happened, the newest first: which work got which place, elections, lost members."""

    def work(client: "ApiClient") -> Exit:
        from cli.events import Asked, run_events

        form = None if output is EventsOutput.TABLE else output.value
        return run_events(client, Asked(orchestrator, kind.value, since, limit), form)

    ask(context, work)


@app.command(
    epilog="Examples:  woa watch  |  woa watch orders-prod  |  woa watch --count 10 -o json"
)
def watch(
    orchestrator: OnlyArgument = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Stop after so many messages.")
    ] = None,
    output: OutputOption = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Say what changes, as it changes: orchestrators, their pools, scaling, coordination.

    It goes on after a lost connection and tells the events that it missed. Ctrl-C ends it. With
    -o json each line is a message of the API.
    """

    def work(client: "ApiClient") -> Exit:
        from cli.watch import run_watch

        return run_watch(client, orchestrator, count, as_json=output is Output.JSON)

    ask(context, work)


@app.command(epilog="Examples:  woa doctor -c woa.yaml  |  woa doctor -c woa.yaml -o json")
def doctor(
    config: ConfigFile = None,
    output: OutputOption = Output.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as -o json.")] = False,
) -> None:
    """Say what is missing here, and how to mend it.

    Each configured agent reads its orchestrator twice, a second apart: the fields that the source
    does not give are listed by reason. So does each that is found and not configured: named by
    TEMPORAL_ADDRESS, PREFECT_API_URL or AIRFLOW__API__BASE_URL, or on its usual port. The exit
    code is 1 when a check fails.
    """

    def work() -> Exit:
        from cli.doctor import run_doctor

        return run_doctor(config, as_json=as_json or output is Output.JSON)

    leave(work)


@app.command(epilog="Example:  woa login")
def login(config: ConfigFile = None) -> None:
    """Print a new link to the running dashboard.

    It logs one browser in, once, within ten minutes.
    """

    def work() -> Exit:
        settings = settings_of(config)

        from cli.login import run_login

        return run_login(settings)

    finish(work)
