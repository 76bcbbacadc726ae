"""Settings of the Argo agent: one entry is one workflow controller."""

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, PositiveFloat

from agents.kube.settings import KubeSettings

__all__ = ["ArgoConfig"]


class ArgoConfig(KubeSettings):
    """What to read and how gently; agents/argo/README.md says when to change what."""

    type: Literal["argo"] = Field(default="argo", description="Selects this agent.")
    timeout_s: PositiveFloat = Field(
        default=60.0,
        description="Deadline of one whole scrape. The first one lists every workflow.",
    )
    controller_namespace: str = Field(
        default="argo", min_length=1, description="Where the controller and its settings are."
    )
    namespace: str | None = Field(
        default=None,
        min_length=1,
        description="The one namespace whose workflows the controller runs; unset: all.",
    )
    controller_instance: str | None = Field(
        default=None,
        min_length=1,
        description="The controller's instanceID, where several share a cluster.",
    )
    controller_metrics_url: HttpUrl | None = Field(
        default=None,
        description="The controller's metrics, e.g. https://workflow-controller-metrics:9090/metrics.",
    )
    server_url: HttpUrl | None = Field(
        default=None, description="Argo's own server, e.g. https://argo-server:2746."
    )
    server_token_file: Path | None = Field(
        default=None, description="File with the bearer token for `server_url`."
    )
    verify_controller_tls: bool = Field(
        default=True,
        description="Whether the certificates of `controller_metrics_url` and `server_url` are "
        "checked. Both make one of their own at every start unless told otherwise.",
    )
    facts_interval_s: PositiveFloat = Field(
        default=300.0, description="Seconds for which versions, limits and ids are kept."
    )
    decision_samples: int = Field(
        default=50,
        ge=0,
        le=1000,
        description="Most pods placed in the interval that are sent as samples of decisions; they "
        "cost no calls.",
    )
