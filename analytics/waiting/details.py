"""What agents tell beyond the shared vocabulary, as far as a chain is made of it."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from contracts.orchestrator import Metadata, OrchestratorType

__all__ = [
    "AirflowDetails",
    "AirflowPool",
    "ArgoDetails",
    "Details",
    "KubernetesDetails",
    "PrefectDetails",
    "PrefectPool",
    "WorkloadDetails",
    "details_of",
]

D = TypeVar("D", bound="Details")


class Details(BaseModel):
    """Base: null and empty are unknown."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class AirflowPool(Details):
    """A pool of slots. `slots` below 0: endless."""

    slots: int
    occupied: int
    queued: int
    scheduled: int


class AirflowDetails(Details):
    """Pools by name."""

    pools: dict[str, AirflowPool] = {}


class PrefectLimit(Details):
    """A global limit."""

    limit: float | None = None
    used: float | None = None


class PrefectDetails(Details):
    """Runs by what they wait for, and the global limits."""

    waiting_by_cause: dict[str, int] | None = None
    limits: dict[str, PrefectLimit] = {}


class PrefectPool(Details):
    """A work pool."""

    paused: bool | None = None


class ArgoDetails(Details):
    """Workflows by what they wait for, and the cluster they are in."""

    cluster_id: str | None = None
    waiting_by_cause: dict[str, int] | None = None


class KubernetesDetails(Details):
    """The cluster, and how many waiting pods each reason keeps from a node."""

    cluster_id: str | None = None
    pending_reasons: dict[str, int] | None = None


class WorkloadDetails(Details):
    """A Deployment or StatefulSet."""

    wanted: int | None = None
    ready: int | None = None
    pods_by_phase: dict[str, int] | None = None


def details_of(model: type[D], metadata: Metadata, kind: OrchestratorType) -> D:
    """What `metadata` has under the orchestrator's name; what is of another shape is unknown."""
    told = (metadata.model_extra or {}).get(kind.value)
    try:
        return model.model_validate(told if told is not None else {})
    except ValidationError:
        return model()
