"""Settings of the Custom agent: where the numbers are, and which field each of them is."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

from agents.custom.targets import ORCHESTRATOR, POOL, QUEUE, WORKER, Targets
from agents.http_api import HttpConfig

__all__ = [
    "CustomConfig",
    "JsonSource",
    "ListSpec",
    "PoolSpec",
    "PrometheusSource",
    "PushSettings",
    "SourceSpec",
    "SqlSource",
    "ValueSpec",
]

POINTER = re.compile(r"(/([^~/]|~[01])*)*")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JsonSource(_Strict):
    """An HTTP endpoint that answers JSON."""

    kind: Literal["json"]
    url: HttpUrl
    headers: dict[str, SecretStr] = Field(default_factory=dict)


class PrometheusSource(_Strict):
    """An HTTP endpoint that answers in Prometheus' text format."""

    kind: Literal["prometheus"]
    url: HttpUrl
    headers: dict[str, SecretStr] = Field(default_factory=dict)


class SqlSource(_Strict):
    """A query of PostgreSQL, in a read-only transaction; its rows are a JSON list of objects."""

    kind: Literal["sql"]
    dsn: SecretStr
    query: str = Field(min_length=1)
    timeout_s: PositiveFloat = 5.0
    max_rows: PositiveInt = 1000


SourceSpec = Annotated[JsonSource | PrometheusSource | SqlSource, Field(discriminator="kind")]


class ValueSpec(_Strict):
    """Where one value is, and what has to be done with it."""

    source: str | None = None
    pointer: str | None = None
    metric: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    reduce: Literal["sum", "max", "min"] = "sum"
    unit: str | None = None
    scale: float = 1.0
    delta: bool = False
    per_second: bool = False
    values: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.pointer is None) == (self.metric is None):
            raise ValueError("give pointer (JSON, SQL) or metric (Prometheus)")
        if self.pointer is not None and not POINTER.fullmatch(self.pointer):
            raise ValueError(f"{self.pointer!r} is no JSON pointer (RFC 6901), as in /stats/busy")
        return self


class ListSpec(_Strict):
    """A list whose elements become queues or workers: `each` of a document, or by a label."""

    source: str
    each: str | None = None
    each_label: str | None = None
    metric: str | None = None
    fields: dict[str, ValueSpec]

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.each is None) == (self.each_label is None):
            raise ValueError("give each (JSON, SQL) or each_label (Prometheus)")
        if self.each is not None and not POINTER.fullmatch(self.each):
            raise ValueError(f"{self.each!r} is no JSON pointer (RFC 6901), as in /queues")
        return self


class PoolSpec(_Strict):
    """A pool of workers."""

    name: str = Field(min_length=1, max_length=255)
    worker_type: str = Field(default="worker", max_length=100)
    fields: dict[str, ValueSpec] = Field(default_factory=dict)
    workers: ListSpec | None = None


class PushSettings(_Strict):
    """Where records may be pushed to."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    token: SecretStr
    stale_after_s: PositiveFloat = 120.0
    max_bytes: PositiveInt = 1024 * 1024


class CustomConfig(HttpConfig):
    """What to read and what it means; agents/custom/README.md explains the mapping."""

    type: Literal["custom"] = Field(default="custom", description="Selects this agent.")
    sources: dict[str, SourceSpec] = Field(
        default_factory=dict,
        description="Name -> an endpoint of `kind: json` or `prometheus` with its `url` and "
        "`headers`, or a query of `kind: sql` with `dsn` and `query`.",
    )
    fields: dict[str, ValueSpec] = Field(
        default_factory=dict,
        description="Field of the record, as `capacity.usedSlots` -> where it is.",
    )
    queues: tuple[ListSpec, ...] = Field(
        default=(), description="Lists whose elements are queues, with the fields of each."
    )
    pools: tuple[PoolSpec, ...] = Field(
        default=(), description="Pools of workers, with their fields and the list of their workers."
    )
    push: PushSettings | None = Field(
        default=None,
        description="Listen for records that are pushed, instead of reading `sources`.",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.push is None) == (not self.sources):
            raise ValueError("give sources (to be read) or push (to be told), one of them")
        for place, source, spec, targets in self._specs():
            self._check(place, source, spec, targets)
        for index, listed in enumerate(self.queues):
            if "name" not in listed.fields:
                raise ValueError(f"queues.{index}.fields: a queue needs a name")
        for pool in self.pools:
            if pool.workers and not {"id", "status"} <= pool.workers.fields.keys():
                raise ValueError(f"pools.{pool.name}.workers.fields: a worker needs id and status")
        return self

    def _specs(self) -> Iterator[tuple[str, str | None, ValueSpec, tuple[Targets, str]]]:
        def all_of(
            place: str, fields: Mapping[str, ValueSpec], source: str | None, targets: Targets
        ) -> Iterator[tuple[str, str | None, ValueSpec, tuple[Targets, str]]]:
            for name, spec in fields.items():
                yield f"{place}.{name}", spec.source or source, spec, (targets, name)

        yield from all_of("fields", self.fields, None, ORCHESTRATOR)
        for index, listed in enumerate(self.queues):
            yield from all_of(f"queues.{index}.fields", listed.fields, listed.source, QUEUE)
        for pool in self.pools:
            yield from all_of(f"pools.{pool.name}.fields", pool.fields, None, POOL)
            if pool.workers is not None:
                place = f"pools.{pool.name}.workers.fields"
                yield from all_of(place, pool.workers.fields, pool.workers.source, WORKER)

    def _check(
        self, place: str, source: str | None, spec: ValueSpec, target: tuple[Targets, str]
    ) -> None:
        targets, name = target
        try:
            found = targets.find(name)
            if spec.unit is not None and not _is_time(found.base):
                found.factor(spec.unit)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        if source is None or source not in self.sources:
            known = ", ".join(self.sources) or "none"
            raise ValueError(f"{place}: there is no source {source!r}; there are: {known}")
        metric = self.sources[source].kind == "prometheus"
        if metric != (spec.metric is not None):
            wanted = "metric" if metric else "pointer"
            raise ValueError(f"{place}: {source} is {self.sources[source].kind}: give {wanted}")


def _is_time(base: type) -> bool:
    return base.__name__ == "datetime"
