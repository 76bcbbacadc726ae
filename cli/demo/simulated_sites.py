"""The simulated orchestrators of the demo: a night's batches, a day's services, a team's builds.

Sized so that each works well most of the week and has its bad hours.
"""

from dataclasses import dataclass

from cli.demo.simulation import Incident, IncidentKind, QueuePlan, Rhythm, SitePlan
from contracts.orchestrator import OrchestratorType

__all__ = ["CLUSTER", "SITES", "Site"]

CLUSTER = "simulated"


@dataclass(frozen=True)
class Site:
    """Whose words it speaks, its name and its plan."""

    orchestrator_type: OrchestratorType
    instance_id: str
    plan: SitePlan


def _hour(day: int, hour: float) -> float:
    """Hours since Monday 00:00 UTC; day 0 is Monday."""
    return 24 * day + hour


SITES = (
    Site(
        OrchestratorType.AIRFLOW,
        "simulated-warehouse",
        SitePlan(
            pool="celery",
            workers=6,
            slots=8,
            arrivals_per_min=6.0,
            rhythm=Rhythm(peak_hour=2.5, swing_ratio=0.7, weekend_ratio=0.7),
            queues=(
                QueuePlan("etl", 0.7, mean_work_s=240, failure_ratio=0.02),
                QueuePlan("reports", 0.3, mean_work_s=90),
            ),
            incidents=(
                Incident(IncidentKind.SLOW_DATABASE, _hour(1, 2.0), 50, strength=2.5),
                Incident(IncidentKind.OUTAGE, _hour(3, 14.2), 12),
                Incident(IncidentKind.WORKER_LOST, _hour(5, 1.5), 40),
            ),
        ),
    ),
    Site(
        OrchestratorType.KUBERNETES,
        "simulated-services",
        SitePlan(
            pool="general",
            workers=8,
            slots=6,
            arrivals_per_min=8.0,
            rhythm=Rhythm(peak_hour=13.0, swing_ratio=0.6, weekend_ratio=0.4),
            queues=(
                QueuePlan("batch", 0.25, mean_work_s=420),
                QueuePlan("online", 0.75, mean_work_s=110, failure_ratio=0.005),
            ),
            incidents=(
                Incident(IncidentKind.WORKER_LOST, _hour(0, 11.0), 25),
                Incident(IncidentKind.SURGE, _hour(2, 12.5), 45, strength=2.2),
                Incident(IncidentKind.RETRY_STORM, _hour(4, 15.0), 30, strength=0.45),
            ),
        ),
    ),
    Site(
        OrchestratorType.ARGO,
        "simulated-builds",
        SitePlan(
            pool="runners",
            workers=5,
            slots=4,
            arrivals_per_min=1.9,
            rhythm=Rhythm(peak_hour=14.0, swing_ratio=0.85, weekend_ratio=0.15),
            queues=(
                QueuePlan("build", 0.6, mean_work_s=280, failure_ratio=0.02),
                QueuePlan("test", 0.4, mean_work_s=160, failure_ratio=0.02),
            ),
            incidents=(
                Incident(IncidentKind.SURGE, _hour(1, 15.5), 60, strength=2.0),
                Incident(IncidentKind.WORKER_LOST, _hour(3, 10.0), 90),
            ),
        ),
    ),
)
