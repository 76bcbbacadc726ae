"""Settings of the node agent: one entry is the node that it runs on."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, HttpUrl, PositiveFloat, model_validator

from agents.kube.settings import KubeAccess

__all__ = ["NodeConfig"]


class NodeConfig(KubeAccess):
    """What to read and how gently; agents/kubernetes/node/README.md says when to change what."""

    type: Literal["kubernetes-node"] = Field(
        default="kubernetes-node", description="Selects this agent."
    )
    node_name: str | None = Field(
        default=None,
        min_length=1,
        description="Name of the node; unset: the environment variable NODE_NAME, which the "
        "DaemonSet's manifest sets.",
    )
    kubelet_url: HttpUrl | None = Field(
        default=None,
        description="Address of the kubelet; unset: that which the node's object tells.",
    )
    kubelet_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the kubelet's certificate; unset: that "
        "of the API server.",
    )
    kubelet_verify: bool = Field(
        default=True,
        description="False: whoever answers there is believed and given the token. Certificates "
        "that kubelets sign themselves cannot be verified; only in a network you trust.",
    )
    facts_interval_s: PositiveFloat = Field(
        default=300.0,
        description="Seconds for which the node's object is kept: its uid, size and address.",
    )

    @model_validator(mode="after")
    def _one_trust(self) -> Self:
        if self.kubelet_ca_file is not None and not self.kubelet_verify:
            raise ValueError("kubelet_ca_file goes with kubelet_verify")
        return self
