"""How a command ends: its exit code, and the errors that are told in a line."""

from enum import IntEnum
from typing import ClassVar

__all__ = ["EXIT_CODES", "CommandError", "Exit", "UsageError"]


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNHEALTHY = 3


EXIT_CODES = (
    "Exit codes:  0 done  |  1 failed: it could not be done, or a check did not pass  |  "
    "2 usage: wrong command line or setting  |  3 unhealthy: the orchestrator could not be read"
)


class CommandError(Exception):
    """The command cannot do its work; the message names the setting or the fix."""

    exit: ClassVar[Exit] = Exit.FAILED


class UsageError(CommandError):
    """The command line or a setting is wrong."""

    exit = Exit.USAGE
