"""`woa kafka`: the topics."""

from typing import Annotated

import typer

from cli.commands.options import ConfigFile, finish, settings_of
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Look after the topics on Kafka.",
    epilog="Example:  woa kafka topics --create",
    no_args_is_help=True,
)


@app.callback()
def kafka() -> None:
    """Look after the topics on Kafka."""


@app.command(epilog="Examples:  woa kafka topics  |  woa kafka topics --create --partitions 12")
def topics(
    config: ConfigFile = None,
    create: Annotated[bool, typer.Option("--create", help="Make those that are missing.")] = False,
    partitions: Annotated[
        int, typer.Option(min=1, help="Partitions of a new topic: as many ingests can share it.")
    ] = 6,
    replicas: Annotated[
        int, typer.Option(min=-1, help="Copies of a new topic; -1 is the cluster's default.")
    ] = -1,
) -> None:
    """List the topics of WOA_KAFKA__BOOTSTRAP_SERVERS, and what keeps one from being used.

    The exit code is 1 when one cannot be used.
    """

    def work() -> Exit:
        settings = settings_of(config)

        from cli.kafka import run_topics

        return run_topics(settings, create=create, partitions=partitions, replicas=replicas)

    finish(work)
