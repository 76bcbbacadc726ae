"""What went wrong with a call, and what it means when nothing else went right."""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.service import RPCError, RPCStatusCode

from agents.collector import (
    BadResponseError,
    CollectorError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedVersionError,
)

__all__ = [
    "CallFailure",
    "NamespaceNotFoundError",
    "ThrottledError",
    "classify",
    "explain_connect",
    "verdict",
]

LONGEST_MESSAGE = 300


class NamespaceNotFoundError(BadResponseError):
    """The cluster answers, and says again and again that it has no such namespace."""

    code = "namespace_not_found"


class ThrottledError(UnreachableError):
    """The cluster refuses every call for lack of capacity; ask less."""

    code = "resource_exhausted"


@dataclass(frozen=True)
class CallFailure:
    """One call that gave nothing. `source` names the call and `subject` what it was about."""

    code: str
    message: str
    source: str
    subject: str = ""

    @property
    def reason(self) -> str:
        """For whoever looks for the value that is missing because of this."""
        about = f" of {self.subject}" if self.subject else ""
        return f"{self.source}{about} failed: {self.code}: {self.message}"


ERRORS: dict[str, type[CollectorError]] = {
    "unreachable": UnreachableError,
    "timeout": UnreachableError,
    "deadline": UnreachableError,
    "unauthorized": UnauthorizedError,
    "resource_exhausted": ThrottledError,
    "backing_off": ThrottledError,
    "unimplemented": UnsupportedVersionError,
    "namespace_not_found": NamespaceNotFoundError,
}

CODES: dict[RPCStatusCode, str] = {
    RPCStatusCode.UNAVAILABLE: "unreachable",
    # Core reports the expiry of our own deadline as CANCELLED "Timeout expired".
    RPCStatusCode.CANCELLED: "timeout",
    RPCStatusCode.DEADLINE_EXCEEDED: "timeout",
    RPCStatusCode.UNAUTHENTICATED: "unauthorized",
    RPCStatusCode.PERMISSION_DENIED: "unauthorized",
}


def classify(error: RPCError) -> tuple[str, str]:
    """A stable code and a message of one short line."""
    status, message = error.status, _one_line(error.message)
    if status is RPCStatusCode.NOT_FOUND and message.startswith("Namespace "):
        return "namespace_not_found", message
    return CODES.get(status, status.name.lower()), message


def explain_connect(error: RuntimeError) -> tuple[str, str]:
    """The same for a connection that could not be made: the client tells it as text only."""
    message = _one_line(str(error))
    if "code: Unauthenticated" in message or "code: PermissionDenied" in message:
        return "unauthorized", message
    return "unreachable", message


def verdict(failures: Sequence[CallFailure]) -> CollectorError:
    """The error to raise when every call failed: that of the first."""
    if not failures:
        return UnreachableError("no call was made within timeout_s")
    first = failures[0]
    return ERRORS.get(first.code, BadResponseError)(f"{first.source}: {first.message}")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"
