"""How to reach a Kubernetes API: as a pod in it, by a kubeconfig, or by its address."""

from pathlib import Path
from typing import Self

from pydantic import Field, HttpUrl, model_validator

from agents.http_api import HttpConfig

__all__ = ["KubeAccess", "KubeSettings"]


class KubeAccess(HttpConfig):
    """Nothing set: the service account of the pod it runs in, else the user's kubeconfig."""

    kubeconfig: Path | None = Field(
        default=None, description="A kubeconfig file; unset: KUBECONFIG, then ~/.kube/config."
    )
    context: str | None = Field(
        default=None, description="Context of the kubeconfig; unset: its current one."
    )
    api_url: HttpUrl | None = Field(
        default=None,
        description="Address of the API server, with `token_file` and `ca_file`, instead of a "
        "kubeconfig.",
    )
    token_file: Path | None = Field(
        default=None,
        description="File with the bearer token for `api_url`; read again each minute.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.api_url is not None and (self.kubeconfig or self.context):
            raise ValueError("give api_url and token_file, or kubeconfig and context, not both")
        if self.token_file is not None and self.api_url is None:
            raise ValueError("token_file goes with api_url")
        return self


class KubeSettings(KubeAccess):
    """The same for agents of a whole cluster, whose replicas may take turns."""

    lease_name: str | None = Field(
        default=None,
        min_length=1,
        description="Lease by which replicas of this agent take turns; unset: it runs alone.",
    )
    lease_namespace: str = Field(
        default="woa", min_length=1, description="Namespace of `lease_name`."
    )
