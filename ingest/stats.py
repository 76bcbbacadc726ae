"""What ingest knows of itself, for its metrics and its readiness."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bus.port import Lag
from store.write import WriteResult

__all__ = ["IngestStats", "Total"]


@dataclass
class Total:
    """How many values there were, and their sum."""

    count: int = 0
    sum: float = 0.0

    def add(self, value: float) -> None:
        """One more."""
        self.count += 1
        self.sum += value


@dataclass
class IngestStats:
    """Totals since start, and how it stands now."""

    inserted: int = 0
    duplicates: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    """By reason; sent again they count again."""
    batch_records: Total = field(default_factory=Total)
    batch_bytes: Total = field(default_factory=Total)
    database_s: Total = field(default_factory=Total)
    """How long transactions took that were committed."""
    lags: Sequence[Lag] | None = None
    """As of the last look; None: the bus does not tell."""
    has_met_bus: bool = False
    waiting_for_store: bool = False
    waiting_for_bus: bool = False
    stopped_because: str | None = None

    def wrote(self, result: WriteResult, size_bytes: int, took_s: float) -> None:
        """A batch is in the database."""
        self.inserted += result.inserted
        self.duplicates += result.duplicates
        self.batch_records.add(result.inserted + result.duplicates)
        self.batch_bytes.add(size_bytes)
        self.database_s.add(took_s)

    def waits_for(self) -> str | None:
        """Why nothing is written now, for the readiness probe; None while it works."""
        if self.stopped_because:
            return f"stopped: {self.stopped_because}"
        if self.waiting_for_store:
            return "waits for the database"
        if self.waiting_for_bus or not self.has_met_bus:
            return "waits for the bus"
        return None
