"""`woa kafka`: the topics, and who may use them."""

from typing import Annotated

import typer

from cli.commands.options import ConfigFile, Output, OutputOption, finish, settings_of
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Look after the topics on Kafka.",
    epilog="Examples:  woa kafka topics --create  |  woa kafka acls",
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


@app.command(
    epilog="Examples:  woa kafka acls  |  woa kafka acls --agent User:CN=agent"
    "  |  woa kafka acls --consumer User:reports --consumer-group reports -o json"
)
def acls(
    agent: Annotated[
        str, typer.Option(help="Who `woa agent run` is, as the cluster names it.")
    ] = "User:woa-agent",
    ingest: Annotated[str, typer.Option(help="Who `woa ingest run` is.")] = "User:woa-ingest",
    operator: Annotated[
        str, typer.Option(help="Who makes the topics, and rewinds ingest.")
    ] = "User:woa-operator",
    consumer: Annotated[
        str | None, typer.Option(help="A program of yours that reads the records.")
    ] = None,
    consumer_group: Annotated[str, typer.Option(help="The group it reads in.")] = "reports",
    output: OutputOption = Output.TABLE,
    config: ConfigFile = None,
) -> None:
    """Print the least rights that each part needs, as commands of Kafka's own tool.

    Nothing is changed: whoever looks after the cluster runs them, with --command-config where the
    tool has to say who it is.
    """

    def work() -> Exit:
        settings = settings_of(config)

        from bus.kafka_acls import Role
        from cli.kafka import run_acls

        principals = {Role.AGENT: agent, Role.INGEST: ingest, Role.OPERATOR: operator}
        if consumer is not None:
            principals[Role.CONSUMER] = consumer
        return run_acls(settings, principals, consumer_group, as_json=output is Output.JSON)

    finish(work)
