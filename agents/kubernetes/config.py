"""Settings of the Kubernetes agent: one entry is one cluster."""

from typing import Literal

from pydantic import Field, PositiveFloat

from agents.kube.settings import KubeSettings

__all__ = ["KubernetesConfig"]


class KubernetesConfig(KubeSettings):
    """What to read and how gently; agents/kubernetes/README.md says when to change what."""

    type: Literal["kubernetes"] = Field(default="kubernetes", description="Selects this agent.")
    timeout_s: PositiveFloat = Field(
        default=60.0,
        description="Deadline of one whole scrape. The first one lists every node, pod and job.",
    )
    pool_label: str | None = Field(
        default=None,
        description="Label of nodes by which they are grouped into pools, before those of the "
        "known providers.",
    )
    facts_interval_s: PositiveFloat = Field(
        default=300.0, description="Seconds for which version and id of the cluster are kept."
    )
    decision_samples: int = Field(
        default=50,
        ge=0,
        le=1000,
        description="Most pods placed in the interval that are sent as samples of decisions; they "
        "cost no calls.",
    )
