"""`woa dead-letters`: messages that were set aside."""

from typing import Annotated

import typer

from cli.commands.options import ConfigFile, Output, OutputOption, finish, settings_of
from cli.exits import Exit, UsageError

__all__ = ["app"]

app = typer.Typer(
    help="Look at messages that could not be read, and try them again.\n\nThey are in the database "
    "of WOA_DATABASE_URL, else in the embedded one of the state folder.",
    epilog="Examples:  woa dead-letters list --reason not_json  |  woa dead-letters show 4f1c  |  "
    "woa dead-letters replay --all",
    no_args_is_help=True,
)

TopicOption = Annotated[str | None, typer.Option("--topic", help="Only those of this topic.")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Only those set aside for this reason.")
]


@app.command(
    "list",
    epilog="Examples:  woa dead-letters list  |  woa dead-letters list --reason time_ahead -o json",
)
def list_(
    topic: TopicOption = None,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    output: OutputOption = Output.TABLE,
    config: ConfigFile = None,
) -> None:
    """What was set aside, the newest first, and why."""

    def work() -> Exit:
        settings = settings_of(config)

        from cli.dead_letters import run_list
        from store.dead_letters import Chosen

        chosen = Chosen(topic=topic, reason=reason)
        return run_list(settings, chosen, limit=limit, as_json=output is Output.JSON)

    finish(work)


@app.command(
    epilog="Examples:  woa dead-letters show 4f1c  |  woa dead-letters show 4f1c --payload"
)
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    payload: Annotated[
        bool, typer.Option("--payload", help="Print the message as it came, and nothing else.")
    ] = False,
    output: OutputOption = Output.TABLE,
    config: ConfigFile = None,
) -> None:
    """One of them, whole: where it came from, what is wrong with it, and what it holds."""

    def work() -> Exit:
        settings = settings_of(config)

        from cli.dead_letters import run_show

        return run_show(settings, letter_id, as_json=output is Output.JSON, payload=payload)

    finish(work)


@app.command(
    epilog="Examples:  woa dead-letters replay 4f1c 90ab  |  "
    "woa dead-letters replay --reason unknown_schema  |  woa dead-letters replay --all --dry-run"
)
def replay(
    letter_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Their ids, or beginnings of them."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one of them.")] = False,
    topic: TopicOption = None,
    reason: ReasonOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many would be tried.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Read them once more with this version, and store those that are records now.

    What is stored is no dead letter any more; a record that came again meanwhile counts once.
    The exit code is 1 when one of them still cannot be read.
    """

    def work() -> Exit:
        if not (letter_ids or every or topic or reason):
            raise UsageError("say which: ids, --topic, --reason or --all")
        if letter_ids and (every or topic or reason):
            raise UsageError("give either ids, or --topic, --reason or --all")
        settings = settings_of(config)

        from cli.dead_letters import run_replay
        from store.dead_letters import Chosen

        chosen = [Chosen(id=each) for each in letter_ids or ()] or [
            Chosen(topic=topic, reason=reason)
        ]
        return run_replay(settings, chosen, dry_run=dry_run)

    finish(work)
