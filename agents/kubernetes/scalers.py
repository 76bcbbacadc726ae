"""What changes the number of pods or nodes: autoscalers, and the limits that others have."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from agents.kube.wire import Watched
from agents.kubernetes.quantity import quantity
from agents.kubernetes.wire import Condition

__all__ = [
    "Autoscaler",
    "MachineDeployment",
    "NodeClaim",
    "NodePool",
    "PoolLimits",
    "Rescaled",
    "ScalerState",
    "claim_pool",
    "machine_limits",
    "node_pool_limits",
    "rescaled",
    "scaler_state",
]

SIZE = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-{}-size"
NODE_POOL = "karpenter.sh/nodepool"


class Target(Struct, frozen=True):
    kind: str
    name: str


class AutoscalerSpec(Struct, frozen=True, rename="camel"):
    scale_target_ref: Target
    max_replicas: int
    min_replicas: int | None = None


class AutoscalerStatus(Struct, frozen=True, rename="camel"):
    current_replicas: int = 0
    desired_replicas: int = 0
    last_scale_time: datetime | None = None
    conditions: list[Condition] | None = None


class Autoscaler(Watched, frozen=True, kw_only=True):
    """Of autoscaling/v2."""

    spec: AutoscalerSpec
    status: AutoscalerStatus = field(default_factory=AutoscalerStatus)


class ScalerState(Struct, frozen=True, gc=False):
    """A HorizontalPodAutoscaler. `limited`: it wants more, or fewer, than it may have.

    `wanted` is 0 until it could compute something.
    """

    target: str
    lowest: int
    highest: int
    current: int
    wanted: int
    scaled_at: datetime | None
    said: str
    able: bool
    limited: bool
    troubled: str | None


class Rescaled(Struct, frozen=True, gc=False):
    """What an autoscaler did."""

    target: str
    at: datetime
    before: int
    after: int
    said: str
    able: bool


def scaler_state(each: Autoscaler) -> ScalerState:
    conditions = {found.type: found for found in each.status.conditions or ()}
    able, limited = conditions.get("AbleToScale"), conditions.get("ScalingLimited")
    troubled = next(
        (
            conditions[name].message
            for name in ("AbleToScale", "ScalingActive")
            if name in conditions and conditions[name].status == "False"
        ),
        None,
    )
    target = each.spec.scale_target_ref
    return ScalerState(
        target=f"{target.kind}/{each.metadata.namespace}/{target.name}".lower(),
        lowest=1 if each.spec.min_replicas is None else each.spec.min_replicas,
        highest=each.spec.max_replicas,
        current=each.status.current_replicas,
        wanted=each.status.desired_replicas,
        scaled_at=each.status.last_scale_time,
        said=(able.message if able else None) or "",
        able=able is None or able.status == "True",
        limited=limited is not None and limited.status == "True",
        troubled=troubled,
    )


def rescaled(before: ScalerState | None, after: ScalerState | None) -> Rescaled | None:
    """The decision that a change of an autoscaler is, if it is one.

    It says at once what it found and what it wants, and goes on saying it until it looks again.
    """
    if before is None or after is None or after.scaled_at is None:
        return None
    same = (before.scaled_at, before.wanted) == (after.scaled_at, after.wanted)
    if same or after.wanted == after.current:
        return None
    return Rescaled(
        after.target, after.scaled_at, after.current, after.wanted, after.said, after.able
    )


class NodePoolSpec(Struct, frozen=True):
    limits: Mapping[str, str | int] = field(default_factory=dict)
    replicas: int | None = None


class NodePool(Watched, frozen=True):
    """Of karpenter.sh."""

    spec: NodePoolSpec = field(default_factory=NodePoolSpec)


class NodeClaim(Watched, frozen=True):
    """Of karpenter.sh: a node that was asked for."""


class MachineDeploymentSpec(Struct, frozen=True):
    replicas: int | None = None


class MachineDeployment(Watched, frozen=True):
    """Of cluster.x-k8s.io."""

    spec: MachineDeploymentSpec = field(default_factory=MachineDeploymentSpec)


class PoolLimits(Struct, frozen=True, gc=False):
    """How many nodes a group may have; None: no bound, or none in nodes. `by`: who scales it."""

    name: str
    by: str
    scaled: bool
    lowest: int | None
    highest: int | None
    wanted: int | None
    limits: Mapping[str, float]


def node_pool_limits(each: NodePool) -> PoolLimits:
    """`replicas` is of pools of a fixed size, which nothing scales."""
    limits = {name: quantity(str(amount)) for name, amount in each.spec.limits.items()}
    fixed = each.spec.replicas
    most = limits.get("nodes")
    return PoolLimits(
        name=each.metadata.name,
        by="Karpenter",
        scaled=fixed is None,
        lowest=fixed,
        highest=fixed if most is None else int(most),
        wanted=fixed,
        limits=limits,
    )


def claim_pool(each: NodeClaim) -> str:
    """The name of the NodePool that it is for."""
    return each.metadata.labels.get(NODE_POOL, "")


def machine_limits(each: MachineDeployment) -> PoolLimits:
    """Scaled where the autoscaler's two annotations are there."""
    notes = each.metadata.annotations
    lowest, highest = (_size(notes.get(SIZE.format(end))) for end in ("min", "max"))
    return PoolLimits(
        name=each.metadata.name,
        by="Cluster API",
        scaled=lowest is not None and highest is not None,
        lowest=lowest,
        highest=highest,
        wanted=each.spec.replicas,
        limits={},
    )


def _size(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
