"""Alerts of orchestrators, sizes of pools: the pure half, which neither keeps nor does a thing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from analytics.alerting.evaluator import evaluate
from analytics.alerting.rules import RulePack, packaged
from analytics.alerting.signals import sample_of
from analytics.alerting.state import SubjectState
from analytics.capacity_forecast import CapacitySample
from analytics.scaling.decision import (
    AutoScaleDecision,
    PredictedLoad,
    ScalingSettings,
    decide_scaling,
)
from contracts.alerts import Alert
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics

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

    def auto_scale_decision(
        self,
        pool_metrics: WorkerPoolMetrics,
        predicted_load: PredictedLoad | None,
        *,
        now: datetime,
        history: Sequence[CapacitySample] = (),
        settings: ScalingSettings | None = None,
    ) -> AutoScaleDecision:
        """How many workers a pool should have; see `analytics.scaling.decision.decide_scaling`."""
        return decide_scaling(
            pool_metrics, predicted_load, now=now, history=history, settings=settings
        )
