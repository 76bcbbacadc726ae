"""Settings of the Prefect agent: one entry is one API, of a server or of a Cloud workspace."""

from typing import Literal, Self

from pydantic import Field, HttpUrl, PositiveFloat, PositiveInt, SecretStr, model_validator

from agents.http_api import HttpConfig
from agents.prefect.cloud import address_error, is_cloud

__all__ = ["PrefectConfig"]


class PrefectConfig(HttpConfig):
    """What to read and how gently; agents/prefect/README.md says when to change what."""

    type: Literal["prefect"] = Field(default="prefect", description="Selects this agent.")
    api_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:4200/api"),
        description="The API as in PREFECT_API_URL; of Cloud with account and workspace: "
        "https://api.prefect.cloud/api/accounts/ACCOUNT/workspaces/WORKSPACE.",
    )
    auth_string: SecretStr | None = Field(
        default=None,
        description="`user:password` as in PREFECT_API_AUTH_STRING, of a self-hosted server.",
    )
    api_key: SecretStr | None = Field(default=None, description="Key of Prefect Cloud.")
    interval_s: PositiveFloat = Field(default=30.0, description="Seconds between two scrapes.")
    metrics: bool = Field(
        default=True,
        description="Read the server's own metrics (PREFECT_SERVER_METRICS_ENABLED): memory, CPU, "
        "uptime. Switch it off where several servers answer in turn.",
    )
    facts_interval_s: PositiveFloat = Field(
        default=300.0, description="Seconds for which the server's version is kept."
    )
    overlap_s: PositiveFloat = Field(
        default=120.0,
        description="How far back runs are read again: they carry the time of the worker's clock, "
        "which may be behind by less than this.",
    )
    window_pages: PositiveInt = Field(
        default=10,
        description="Most pages of 200 runs read of those that started, and of those that ended; "
        "beyond it the counts of the interval are unknown.",
    )
    live_pages: PositiveInt = Field(
        default=10,
        description="Most pages of 200 runs read of those that wait, and of those that run; "
        "beyond it they are only counted.",
    )
    max_pools: PositiveInt = Field(
        default=200, description="Most work pools whose workers are listed."
    )
    decision_samples: int = Field(
        default=10,
        ge=0,
        le=100,
        description="Runs started in the interval whose states are read, a call for each, to tell "
        "their wait by cause; 0: none.",
    )
    late_after_s: PositiveFloat = Field(
        default=15.0,
        description="The server's PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS.",
    )
    forget_workers_after_s: PositiveFloat = Field(
        default=3600.0,
        description="A worker that has been offline for so long is dropped: the server lists it "
        "for ever.",
    )
    stuck_after_s: PositiveFloat = Field(
        default=600.0,
        description="A run that is pending for so long while its worker is offline holds its slot "
        "for nothing: a warning.",
    )

    @property
    def cloud(self) -> bool:
        """Whether it is a workspace of Prefect Cloud."""
        return is_cloud(str(self.api_url))

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        if self.auth_string is not None and self.api_key is not None:
            raise ValueError("give auth_string (self-hosted) or api_key (Cloud), not both")
        if self.auth_string is not None and ":" not in self.auth_string.get_secret_value():
            raise ValueError("auth_string is user:password")
        return self

    @model_validator(mode="after")
    def _cloud_is_whole(self) -> Self:
        if not self.cloud:
            return self
        if (error := address_error(str(self.api_url))) is not None:
            raise ValueError(error)
        if self.auth_string is not None:
            raise ValueError("Prefect Cloud knows no auth_string: give api_key")
        if self.api_key is None:
            raise ValueError("Prefect Cloud needs api_key (PREFECT_API_KEY)")
        return self
