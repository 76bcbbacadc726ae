"""`woa rules`: alert rules as files."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import finish
from cli.exits import Exit

__all__ = ["app"]

app = typer.Typer(
    help="Alert rules as files: show those that come with woa, and test your own.\n\nNothing here "
    "needs a running woa.",
    epilog="Examples:  woa rules show default  |  "
    "woa rules test --pack rules.yaml rules.tests.yaml",
    no_args_is_help=True,
)


@app.command(epilog="Examples:  woa rules show default  |  woa rules show spec")
def show(
    pack: Annotated[str, typer.Argument(help="default or spec.")] = "default",
) -> None:
    """Print a pack of rules that comes with woa."""

    def work() -> Exit:
        from cli.rules import run_rules_show

        return run_rules_show(pack)

    finish(work)


@app.command(
    "test",
    epilog="Examples:  woa rules test rules.tests.yaml  |  "
    "woa rules test --pack rules.yaml rules.tests.yaml",
)
def check(
    tests: Annotated[
        list[Path], typer.Argument(help="YAML files of tests: series in, expected alerts out.")
    ],
    pack: Annotated[
        str, typer.Option("--pack", help="default, spec, or a YAML file of rules.", metavar="PACK")
    ] = "default",
) -> None:
    """Run tests of rules; the exit code is 1 when one does not pass."""

    def work() -> Exit:
        from cli.rules import run_rules_test

        return run_rules_test(pack, tests)

    finish(work)
