"""The command `woa`: answers `--version` at once and hands all else to the command tree."""

import sys

from cli.version import VERSION

__all__ = ["main"]


def main() -> None:
    """Entry point of the console script."""
    if sys.argv[1:] == ["--version"]:
        print(f"woa {VERSION}")
        return

    from cli.commands.tree import run
    from cli.threads import pin_threads

    pin_threads()
    run()


if __name__ == "__main__":
    main()
