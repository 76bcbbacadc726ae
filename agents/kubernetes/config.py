"""Settings of the Kubernetes agent: one entry is one cluster."""

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, PositiveFloat

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
    workload_selector: str | None = Field(
        default=None,
        min_length=1,
        description="Label selector of Deployments and StatefulSets that are pools as well, e.g. "
        "woa/pool=true; unset: none.",
    )
    facts_interval_s: PositiveFloat = Field(
        default=300.0,
        description="Seconds for which version and id of the cluster, and which kinds it offers, "
        "are kept.",
    )
    metrics_interval_s: PositiveFloat = Field(
        default=60.0,
        description="Seconds for which the metrics of the control plane are kept: an API server "
        "answers with megabytes.",
    )
    scheduler_urls: tuple[HttpUrl, ...] = Field(
        default=(),
        description="Addresses of all schedulers, e.g. https://10.0.0.1:10259, for their metrics; "
        "managed clusters hide them. `/metrics` is added where an address has no path.",
    )
    controller_manager_urls: tuple[HttpUrl, ...] = Field(
        default=(),
        description="The same of the controller managers, e.g. https://10.0.0.1:10257.",
    )
    components_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the certificates of these; unset: those "
        "of the system.",
    )
    components_verify: bool = Field(
        default=True,
        description="False: whoever answers there is believed and given the token. Certificates "
        "that schedulers sign themselves cannot be verified; only in a network you trust.",
    )
    decision_samples: int = Field(
        default=50,
        ge=0,
        le=1000,
        description="Most pods placed in the interval that are sent as samples of decisions; they "
        "cost no calls.",
    )
