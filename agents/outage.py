"""An outage is a record: critical, with its reason, everything else unknown."""

from datetime import datetime

from agents.collector import CollectorConfig, Reader
from contracts.health import (
    ComponentHealth,
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorError,
    OrchestratorHealth,
)
from contracts.identity import sample_id
from contracts.orchestrator import Metadata, OrchestratorMetrics

__all__ = ["SECTIONS", "outage_record"]

SECTIONS = (
    "capacity",
    "scheduling",
    "queuing",
    "execution",
    "resources",
    "networking",
    "persistence",
)
"""The record's sections that may be null."""


def outage_record(
    collector: Reader[CollectorConfig], code: str, reason: str, now: datetime
) -> OrchestratorMetrics:
    """The record of a scrape that learnt nothing but why."""
    config = collector.config
    api = ComponentHealth(
        name="api",
        type=ComponentType.API,
        status=ComponentStatus.UNHEALTHY,
        last_check=now,
        issues=(ComponentIssue(code=code, message=reason),),
    )
    health = OrchestratorHealth(
        status=HealthStatus.CRITICAL,
        health_score=None,
        components=(api,),
        last_health_check=now,
        errors=(OrchestratorError(code=code, message=reason, source="agent", occurred_at=now),),
    )
    return OrchestratorMetrics(
        id=sample_id(collector.orchestrator_id, "orchestrator", now),
        orchestrator_id=collector.orchestrator_id,
        orchestrator_type=collector.orchestrator_type,
        instance_id=config.instance_id,
        cluster_name=config.cluster_name,
        collected_at=now,
        health=health,
        capacity=None,
        scheduling=None,
        queuing=None,
        execution=None,
        resources=None,
        metadata=Metadata(
            unavailable={f"/{section}": f"{code}: {reason}" for section in SECTIONS},
            simulated=collector.simulated,
            interval_s=config.interval_s,
        ),
    )
