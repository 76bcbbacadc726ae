"""Settings of the Temporal agent: one entry is one namespace of one cluster."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, PositiveFloat, PositiveInt, SecretStr

from agents.collector import CollectorConfig

__all__ = ["TemporalConfig", "TlsSettings"]


class TlsSettings(BaseModel):
    """Files and names for TLS; each may be left out. Paths are read when connecting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server_root_ca: Path | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate."
    )
    client_cert: Path | None = Field(default=None, description="PEM file for mutual TLS.")
    client_private_key: Path | None = Field(default=None, description="PEM file for mutual TLS.")
    server_name: str | None = Field(
        default=None, description="Name to expect in the server's certificate."
    )


class TemporalConfig(CollectorConfig):
    """What to read and how gently; agents/temporal/README.md says when to change what."""

    type: Literal["temporal"] = Field(default="temporal", description="Selects this agent.")
    address: str = Field(
        default="127.0.0.1:7233",
        pattern=r"^[^/\s]+:\d+$",
        description="host:port of the frontend's gRPC endpoint.",
    )
    namespace: str = Field(default="default", min_length=1, description="Namespace to watch.")
    api_key: SecretStr | None = Field(
        default=None, description="API key (Temporal Cloud or an authorizer); implies TLS."
    )
    tls: bool | TlsSettings | None = Field(
        default=None, description="true, or files and names; unset: on when an API key is set."
    )

    metrics_urls: tuple[HttpUrl, ...] = Field(
        default=(),
        description="Prometheus endpoints of all server pods (frontend, history, matching). "
        "Without them there are no latencies, error rates or server resources.",
    )
    worker_metrics_urls: tuple[HttpUrl, ...] = Field(
        default=(),
        description="Prometheus endpoints of all workers' SDKs. They tell slots where the server "
        "does not list workers, and latencies where it has no `metrics_urls`.",
    )
    metrics_max_bytes: PositiveInt = Field(
        default=64 * 1024 * 1024, description="Largest answer that is read from one endpoint."
    )

    task_queues: tuple[str, ...] = Field(
        default=(),
        description="Queues that are always watched. The only way to see a queue that has "
        "neither a worker nor an open workflow.",
    )
    discover_queues: bool = Field(
        default=True, description="Look for more queues than the configured ones."
    )
    discovery_interval_s: PositiveFloat = Field(
        default=300.0, description="Seconds between two of the dearer looks for queues."
    )
    discovery_pages: PositiveInt = Field(
        default=5, description="Pages of 1000 newest open workflows read at such a look."
    )
    discovery_samples: int = Field(
        default=10,
        ge=0,
        le=100,
        description="Open workflows described at such a look, to find queues of activities only.",
    )
    decision_samples: int = Field(
        default=10,
        ge=0,
        le=100,
        description="Newest open workflows described each scrape, for samples of scheduling "
        "decisions; 0: none.",
    )
    forget_queues_after_s: PositiveFloat = Field(
        default=7 * 86400.0, description="A queue that no source has named for so long is dropped."
    )
    max_queues: PositiveInt = Field(
        default=1000, description="Most queues watched; beyond it discovery is partial."
    )

    facts_interval_s: PositiveFloat = Field(
        default=300.0,
        description="Seconds for which the descriptions of cluster and namespace are kept.",
    )
    call_timeout_s: PositiveFloat = Field(default=3.0, description="Deadline of one call.")
    describe_calls_per_s: PositiveFloat = Field(
        default=20.0,
        description="Most DescribeTaskQueue calls a second: they share matching's rate limit "
        "with the workers.",
    )
    describe_concurrency: PositiveInt = Field(
        default=4, description="DescribeTaskQueue calls in flight at once."
    )
    idle_queue_interval_s: PositiveFloat = Field(
        default=300.0,
        description="With more queues than the rate allows, an idle one is looked at so often.",
    )
    max_workers: PositiveInt = Field(
        default=10_000, description="Most workers listed; beyond it the workers are unknown."
    )

    status_counts: bool = Field(
        default=True,
        description="Count workflows of every status. false: only the running ones, for a "
        "visibility store with very many closed workflows.",
    )
    visibility_lag_s: float = Field(
        default=15.0,
        ge=0,
        description="Closed workflows are counted this long after the fact: visibility is "
        "eventually consistent.",
    )
    poller_fresh_s: PositiveFloat = Field(
        default=90.0, description="A poller seen within so many seconds counts as a consumer."
    )
    worker_stale_after_s: PositiveFloat = Field(
        default=150.0, description="A worker whose last heartbeat is older has failed."
    )
    namespace_missing_scrapes: PositiveInt = Field(
        default=3,
        description="Scrapes in a row that must say the namespace is not found before this is "
        "checked and believed: a busy server says it of namespaces that exist.",
    )
