"""`woa agent`: agents by themselves."""

from typing import Annotated

import typer

from cli.commands.options import ConfigFile, leave, settings_of
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Run agents by themselves.",
    epilog="Examples:  woa agent once --print -c woa.yaml  |  woa agent run -c woa.yaml",
    no_args_is_help=True,
)


@app.command(
    epilog="Examples:  woa agent once --print -c woa.yaml  |  "
    "woa agent once --instance orders-prod -c woa.yaml"
)
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

    def work() -> Exit:
        settings = settings_of(config)

        from cli.agent import run_once

        return run_once(settings, instance=instance, print_record=print_record)

    leave(work)


@app.command(
    epilog="Examples:  WOA_DATABASE_URL=postgresql://... woa agent run -c woa.yaml  |  "
    "WOA_API__PORT=9101 woa agent run -c woa.yaml"
)
def run(config: ConfigFile = None) -> None:
    """Run the file's agents as a service.

    It publishes to Kafka where WOA_KAFKA__BOOTSTRAP_SERVERS is set, and else writes to the
    database of WOA_DATABASE_URL.

    Its own metrics are at /metrics, its life sign at /healthz (WOA_API__HOST, WOA_API__PORT).
    SIGTERM or Ctrl-C stops it; what the database has not taken stays in the spool.
    """

    def work() -> Exit:
        settings = settings_of(config)

        from cli.agent_service import run_agents

        return run_agents(settings)

    leave(work)
