"""`woa ingest`: from Kafka into the database."""

from typing import Annotated

import typer

from cli.commands.options import ConfigFile, finish, settings_of
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Write what is on Kafka into the database.",
    epilog="Examples:  woa ingest run -c woa.yaml  |  woa ingest rewind --to 6h",
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


@app.command(
    epilog="Examples:  woa ingest rewind --to 6h --dry-run  |  "
    "woa ingest rewind --to 2026-11-26T10:00:00Z -c woa.yaml"
)
def rewind(
    to: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="From when on: 90m, 6h or 2d ago, or a time with its zone."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be read again.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Read the topics again from a time on, after a database was restored from a backup.

    Every `woa ingest run` of the group has to be stopped meanwhile. What the database still has
    counts once, so the time may be somewhat too early, but not before the raw history
    (retention.raw_days).
    """

    def work() -> Exit:
        settings = settings_of(config)

        from cli.kafka import run_rewind

        return run_rewind(settings, to, dry_run=dry_run)

    finish(work)
