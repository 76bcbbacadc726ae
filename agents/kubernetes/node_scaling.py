"""How far groups of nodes may grow, by Karpenter's NodePools and Cluster API."""

from typing import Any

from agents.kubernetes.figures import Figures
from agents.kubernetes.scalers import PoolLimits
from agents.missing import Gaps, Missing, over
from contracts.orchestrator import ScalingMetrics

__all__ = ["build_scaling", "node_scaling"]

NO_LIMITS = Missing("no NodePool or MachineDeployment has its name")
UNBOUND = Missing("its NodePool or MachineDeployment sets no such bound in nodes")
UNSEEN = Missing("nothing that is seen scales the nodes; an autoscaler of the provider may")
NODES_DIFFER = "nodes to come may be of any size"


def node_scaling(figures: Figures, name: str) -> dict[str, Any]:
    """The fields of `AutoScalingMetrics` for the group `name`."""
    limits = over(
        lambda found: next((each for each in found if each.name == name), NO_LIMITS),
        figures.snapshot.extras.node_limits,
    )
    return {
        "enabled": over(lambda each: each.scaled, limits),
        "min_workers": over(lambda each: UNBOUND if each.lowest is None else each.lowest, limits),
        "max_workers": over(lambda each: UNBOUND if each.highest is None else each.highest, limits),
        "current_target": over(lambda each: _wanted(figures, each), limits),
    }


def _wanted(figures: Figures, limits: PoolLimits) -> int | Missing:
    """What it is set to; of a pool that has no size, the nodes that were asked for."""
    if limits.wanted is not None:
        return limits.wanted
    return over(lambda claims: list(claims).count(limits.name), figures.snapshot.extras.node_claims)


def build_scaling(figures: Figures, gaps: Gaps) -> ScalingMetrics:
    """Of the whole cluster."""
    scaled = over(
        lambda found: any(each.scaled for each in found) or UNSEEN,
        figures.snapshot.extras.node_limits,
    )
    return gaps.fill(ScalingMetrics, "/capacity/scalingMetrics", NODES_DIFFER, autoscaled=scaled)
