"""The analyzer of queues."""

from collections.abc import Sequence

from analytics.queue_analysis.case import NORMAL_GOAL, PerformanceData, QueueGoal
from analytics.queue_analysis.configuration import optimize
from analytics.queue_analysis.findings import QueuePerformance, WaitEstimate
from analytics.queue_analysis.observed import ObservedQueue
from analytics.queue_analysis.overview import overview
from analytics.queue_analysis.performance import DeadLetterSample
from analytics.queue_analysis.plans import QueueConfig, QueueOptimization
from analytics.queue_analysis.waiting import estimate_wait

__all__ = ["QueueAnalyzer"]


class QueueAnalyzer:
    """Analyzes queue performance and optimization."""

    def analyze_queue_performance(
        self,
        queue_metrics: Sequence[ObservedQueue],
        dead_letters: Sequence[DeadLetterSample] = (),
    ) -> QueuePerformance:
        """Throughput, latency, backlog, dead letters and consumers of queues.

        Rates are means of the last hour with an interval where six blocks of 5 min of it are
        known, else those of the newest record. `dead_letters`: counts of the orchestrator, in any
        order.
        """
        return overview(queue_metrics, dead_letters)

    def optimize_queue_configuration(
        self,
        queue_config: QueueConfig,
        performance_data: PerformanceData,
        goal: QueueGoal = NORMAL_GOAL,
    ) -> QueueOptimization:
        """Batch size, consumers and retry policy that reach the goal; what is fine is kept.

        What is unknown is kept, too, and the reason told.
        """
        return optimize(queue_config, performance_data, goal)

    def estimate_wait(self, queue: ObservedQueue, ahead: int | None = None) -> WaitEstimate:
        """When an item that waits is taken, with a range and how well such ranges held before.

        `ahead`: items that are taken before it; unless given, those before the last one. Only for
        queues that hand out in order of arrival. Raises `ValueError` for a place below 0.
        """
        return estimate_wait(queue, ahead)
