"""Alerts of orchestrators: the pure half, which neither keeps nor sends anything."""

from dataclasses import dataclass, field

from analytics.alerting.evaluator import evaluate
from analytics.alerting.rules import RulePack, packaged
from analytics.alerting.signals import sample_of
from analytics.alerting.state import SubjectState
from contracts.alerts import Alert
from contracts.orchestrator import OrchestratorMetrics

__all__ = ["AlertCheck", "OrchestrationAlertManager"]


@dataclass(frozen=True)
class AlertCheck:
    """Alerts of one record, and the state to give back with the next one."""

    alerts: tuple[Alert, ...]
    state: SubjectState
    not_judged: tuple[str, ...]
    """Rules that need what the record does not know; they neither fire nor clear."""
    method: str


@dataclass(frozen=True)
class OrchestrationAlertManager:
    """Judges records by a pack of rules. Packs `default` and `spec` come with the product."""

    pack: RulePack = field(default_factory=lambda: packaged("default"))

    def check_orchestrator_alerts(
        self, metrics: OrchestratorMetrics, state: SubjectState | None = None
    ) -> AlertCheck:
        """The alerts that hold at the record, those still pending too, and those it ends.

        Records of one orchestrator must come in the order of their times, each with the state
        that the one before gave; without a state it is the first. Pack `spec` needs no state:
        its rules fire at once.
        """
        done = evaluate(self.pack, state or SubjectState(), sample_of(metrics))
        return AlertCheck(done.alerts, done.state, done.not_judged, f"rule pack {self.pack.name}")
