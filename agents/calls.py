"""What the calls of one scrape came to: how many, which answered, which failed and how."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.collector import BadResponseError, CollectorError, UnreachableError
from agents.missing import Missing
from contracts.health import OrchestratorError

__all__ = ["CallFailure", "CallLog", "one_line", "verdict"]

LONGEST_MESSAGE = 300


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


@dataclass
class CallLog:
    """The calls of one scrape. `unsupported`: what the server cannot do, and how it said so."""

    calls: int = 0
    answered: set[str] = field(default_factory=set)
    failures: list[CallFailure] = field(default_factory=list)
    unsupported: dict[str, str] = field(default_factory=dict)

    def note(self, failure: CallFailure) -> Missing:
        """Remember a failure; what needed the call is missing for its reason."""
        self.failures.append(failure)
        return Missing(failure.reason)

    def errors(self, now: datetime) -> tuple[OrchestratorError, ...]:
        """One for each call and way it failed; the message is that of the first."""
        counts = Counter((each.source, each.code) for each in self.failures)
        first = {(each.source, each.code): each for each in reversed(self.failures)}
        return tuple(
            OrchestratorError(
                code=code,
                message=first[source, code].reason,
                source=source,
                occurred_at=now,
                count=count,
            )
            for (source, code), count in counts.items()
        )


def verdict(
    failures: Sequence[CallFailure], errors: Mapping[str, type[CollectorError]]
) -> CollectorError:
    """The error to raise when every call failed: that of the first, `errors` by its code."""
    if not failures:
        return UnreachableError("no call was made within timeout_s")
    first = failures[0]
    return errors.get(first.code, BadResponseError)(f"{first.source}: {first.message}")


def one_line(text: str) -> str:
    """`text` without line breaks and of a bearable length."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"
