"""What a record gets beyond its one sample: trailing windows, self-metrics, the score."""

from agents.trail import Trail
from analytics.health import score_health
from contracts.health import HealthStatus
from contracts.orchestrator import AgentInfo, OrchestratorMetrics

__all__ = ["Completion"]


class Completion:
    """Completes the records of one orchestrator, in the order of their time."""

    def __init__(self) -> None:
        self._trail = Trail()
        self._previous: HealthStatus | None = None

    def complete(
        self, record: OrchestratorMetrics, interval_s: float, agent: AgentInfo | None = None
    ) -> OrchestratorMetrics:
        """The record with all of it. The score looks at the rest, so it comes last."""
        metadata = record.metadata.model_copy(update={"interval_s": interval_s, "agent": agent})
        record = self._trail.extend(record).model_copy(update={"metadata": metadata})
        record = score_health(record, self._previous)
        self._previous = record.health.status
        return record
