"""What went wrong with a call, and what it means when nothing else went right."""

from temporalio.service import RPCError, RPCStatusCode

from agents.calls import one_line
from agents.collector import (
    BadResponseError,
    CollectorError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedVersionError,
)

__all__ = [
    "ERRORS",
    "NamespaceNotFoundError",
    "ThrottledError",
    "classify",
    "explain_connect",
]


class NamespaceNotFoundError(BadResponseError):
    """The cluster answers, and says again and again that it has no such namespace."""

    code = "namespace_not_found"


class ThrottledError(UnreachableError):
    """The cluster refuses every call for lack of capacity; ask less."""

    code = "resource_exhausted"


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
    status, message = error.status, one_line(error.message)
    if status is RPCStatusCode.NOT_FOUND and message.startswith("Namespace "):
        return "namespace_not_found", message
    return CODES.get(status, status.name.lower()), message


def explain_connect(error: RuntimeError) -> tuple[str, str]:
    """The same for a connection that could not be made: the client tells it as text only."""
    message = one_line(str(error))
    if "code: Unauthenticated" in message or "code: PermissionDenied" in message:
        return "unauthorized", message
    return "unreachable", message
