"""`woa ingest`: from Kafka into the database."""

import typer

from cli.commands.options import ConfigFile, finish, settings_of
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Write what is on Kafka into the database.",
    epilog="Example:  woa ingest run -c woa.yaml",
    no_args_is_help=True,
)


@app.callback()
def ingest() -> None:
    """Write what is on Kafka into the database."""


@app.command(
    epilog="Examples:  woa ingest run -c woa.yaml  |  "
    "WOA_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 WOA_DATABASE_URL=postgresql://... woa ingest run"
)
def run(config: ConfigFile = None) -> None:
    """Follow the topics of WOA_KAFKA__BOOTSTRAP_SERVERS and write to WOA_DATABASE_URL.

    Any number may run at once: they divide the partitions. Its own metrics are at /metrics, its
    life sign at /healthz, and /readyz says what it waits for (WOA_API__HOST, WOA_API__PORT).
    """

    def work() -> Exit:
        settings = settings_of(config)

        from cli.ingest_service import run_ingest

        return run_ingest(settings)

    finish(work)
