"""Settings of the Airflow agent: one entry is one Airflow."""

from typing import Literal, Self

from pydantic import Field, HttpUrl, PositiveFloat, PositiveInt, SecretStr, model_validator

from agents.http_api import HttpConfig

__all__ = ["AirflowConfig", "Executor"]

Executor = Literal["local", "celery", "kubernetes", "edge", "other"]


class AirflowConfig(HttpConfig):
    """What to read and how gently; agents/airflow/README.md says when to change what."""

    type: Literal["airflow"] = Field(default="airflow", description="Selects this agent.")
    base_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8080"),
        description="Address of the API server (3.x) or the webserver (2.x), without /api.",
    )
    username: str | None = Field(default=None, description="Account that may read.")
    password: SecretStr | None = Field(default=None, description="Password of `username`.")
    token: SecretStr | None = Field(
        default=None,
        description="A token made elsewhere (Astronomer, an own auth manager), sent as Bearer.",
    )
    interval_s: PositiveFloat = Field(default=30.0, description="Seconds between two scrapes.")
    duty_cycle_ratio: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Largest share of the time that may be spent inside scrapes. In Airflow 3 "
        "tasks report through the same API server.",
    )
    executor: Executor = Field(
        default="other",
        description="How tasks are run, which the API does not tell: local, celery, kubernetes, "
        "edge, or other.",
    )
    edge: bool = Field(
        default=False,
        description="The Edge executor is one of several: ask its provider for workers and their "
        "tasks. Always asked where `executor` is edge.",
    )
    worker_concurrency: PositiveInt | None = Field(
        default=None,
        description="[celery] worker_concurrency, which the API does not tell: the slots of one "
        "Celery worker.",
    )
    parallelism: PositiveInt | None = Field(
        default=None,
        description="[core] parallelism of one scheduler, which the API does not tell. Without it "
        "pools alone tell how many slots there are, mostly far too many.",
    )
    lookback_s: PositiveFloat = Field(
        default=86_400.0,
        description="Only runs that were due within so many seconds are looked through for what "
        "changed: Airflow has an index on that time, and none on the time of a change.",
    )
    overlap_s: PositiveFloat = Field(
        default=60.0,
        description="How far back changes are read again: a change is seen when its transaction "
        "has ended, and carries the time at which it began.",
    )
    window_pages: PositiveInt = Field(
        default=10,
        description="Most pages of 100 rows read of the task instances, and of the runs, that "
        "changed; beyond it the counts of the interval are unknown.",
    )
    live_pages: PositiveInt = Field(
        default=3,
        description="Most pages of 100 task instances read of those that wait or run; beyond it "
        "they are only counted.",
    )
    facts_interval_s: PositiveFloat = Field(
        default=300.0,
        description="Seconds between two counts of DAGs and import errors.",
    )
    decision_samples: int = Field(
        default=20,
        ge=0,
        le=1000,
        description="Most tasks started in the interval that are sent as samples of decisions; "
        "they cost no calls.",
    )

    @property
    def reads_edge(self) -> bool:
        """Whether the Edge provider's lists are asked for."""
        return self.edge or self.executor == "edge"

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        if self.token is not None and self.username is not None:
            raise ValueError("give username and password, or token, not both")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self
