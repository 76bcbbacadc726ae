"""The analyzer of how work is spread over workers."""

from analytics.balancing.choice import NORMAL_EFFORT, Effort, choose
from analytics.balancing.distribution import distribution
from analytics.balancing.findings import AlgorithmChoice, LoadDistribution
from analytics.balancing.workload import Workload
from contracts.load_balancing import LoadBalancingAlgorithm, WorkloadDistribution

__all__ = ["LoadBalancerAnalyzer"]


class LoadBalancerAnalyzer:
    """Analyzes load balancing effectiveness."""

    def analyze_load_distribution(
        self, distribution_data: WorkloadDistribution
    ) -> LoadDistribution:
        """How evenly the loads of a record lie, and on whom they do not.

        Loads are comparable only between workers that could do one another's work; workers of
        unequal size need loads per capacity. Fewer than two known loads have no balance.
        """
        return distribution(distribution_data)

    def optimize_load_balancing_algorithm(
        self,
        current_algorithm: LoadBalancingAlgorithm,
        workload_characteristics: Workload,
        *,
        seed: int,
        effort: Effort = NORMAL_EFFORT,
    ) -> AlgorithmChoice:
        """The algorithm under which jobs wait the least, if that is certain to be another one.

        All that are known are simulated on the same jobs. The current one is kept unless the
        whole interval of what the best one saves is above 0, and where something needed is
        unknown. `analytics.balancing.workload.fit_workload` takes the characteristics from jobs.
        Weights of `weighted` and `adaptive` are speeds, `adaptive` takes the better of two,
        `consistent_hash` has bounded loads, `ip_hash` has not.
        """
        return choose(current_algorithm, workload_characteristics, seed, effort)
