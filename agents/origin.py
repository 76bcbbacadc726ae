"""Where the records of one scrape come from: the parts that every agent fills alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.calls import CallLog
from agents.collector import CollectorConfig
from agents.missing import Gaps
from contracts.identity import sample_id
from contracts.orchestrator import Metadata, OrchestratorMetrics, OrchestratorType, SourceInfo

__all__ = ["Origin"]


@dataclass(frozen=True)
class Origin:
    """One scrape of one instance. `versions`: of server and API, by name."""

    type: OrchestratorType
    orchestrator: UUID
    config: CollectorConfig
    now: datetime
    log: CallLog
    took_ms: float
    versions: Mapping[str, str] = field(default_factory=dict)

    def metadata(self, gaps: Gaps, details: Mapping[str, Any], **more: Any) -> Metadata:
        """What `gaps` collected; `details` go under the name of the orchestrator's type."""
        known: dict[str, Any] = {
            "unavailable": gaps.reasons,
            "estimated": tuple(gaps.estimates),
            "partial": bool(self.log.failures),
            "interval_s": self.config.interval_s,
            "source": SourceInfo(
                versions=dict(self.versions), calls=self.log.calls, scrape_time=self.took_ms
            ),
        }
        return Metadata(**known, **more, **{self.type.value: dict(details)})

    def record(
        self, gaps: Gaps, details: Mapping[str, Any], **sections: Any
    ) -> OrchestratorMetrics:
        """The orchestrator's record of these sections; the reasons are those in `gaps`."""
        return OrchestratorMetrics(
            id=sample_id(self.orchestrator, "orchestrator", self.now),
            orchestrator_id=self.orchestrator,
            orchestrator_type=self.type,
            instance_id=self.config.instance_id,
            cluster_name=self.config.cluster_name,
            collected_at=self.now,
            metadata=self.metadata(gaps, details),
            **sections,
        )
