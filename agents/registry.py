"""Every agent, one line each; more come from installed packages by their entry points.

A collector is imported only when it is configured.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from agents.collector import Collector, CollectorConfig, Reader

__all__ = [
    "COLLECTORS",
    "ConfigError",
    "config_model",
    "config_of",
    "known_types",
    "make_collector",
    "make_replica",
    "readme_of",
]

COLLECTORS = {
    "kubernetes": "agents.kubernetes:KubernetesCollector",
    "kubernetes-node": "agents.kubernetes.node:NodeCollector",
    "airflow": "agents.airflow:AirflowCollector",
    "argo": "agents.argo:ArgoCollector",
    "prefect": "agents.prefect:PrefectCollector",
    "custom": "agents.custom:CustomCollector",
    "temporal": "agents.temporal:TemporalCollector",
}


GROUP = "woa.collectors"
"""Entry points of other packages: name of the type -> the collector's class."""


class ConfigError(ValueError):
    """An agent's settings are wrong; the message names the setting."""


def known_types() -> tuple[str, ...]:
    """Values of an agent's `type` setting."""
    return tuple(sorted({*COLLECTORS, *(each.name for each in entry_points(group=GROUP))}))


def config_model(kind: str) -> type[CollectorConfig]:
    """The settings model of one agent."""
    return _collector(kind).config_model


def readme_of(kind: str) -> str:
    """Where an agent says what it needs; one of another package is taken to do so likewise."""
    module = COLLECTORS.get(kind, f"agents.{kind}").partition(":")[0]
    return f"{module.replace('.', '/')}/README.md"


def make_collector(settings: Mapping[str, Any]) -> Reader[CollectorConfig]:
    """The collector that one entry of `agents:` describes. Raises `ConfigError`."""
    config = config_of(settings)
    return _collector(str(settings["type"]))(config)


def make_replica(settings: Mapping[str, Any]) -> Reader[CollectorConfig]:
    """The same for a service: it takes turns with its replicas where `lease_name` is set."""
    config = config_of(settings)
    kind = _collector(str(settings["type"]))
    if not issubclass(kind, Collector) or getattr(config, "lease_name", None) is None:
        return kind(config)
    from agents.kube.election import replica_of  # noqa: PLC0415 - only where it is used

    return replica_of(kind)(config)


def config_of(settings: Mapping[str, Any]) -> CollectorConfig:
    """The checked settings of one entry of `agents:`. Raises `ConfigError`."""
    kind = settings.get("type")
    if kind not in known_types():
        raise ConfigError(f"agents.type: {kind!r} is not one of {', '.join(known_types())}")
    model = config_model(str(kind))
    try:
        return model.model_validate(
            {name: value for name, value in settings.items() if name != "type"}
            | ({"type": kind} if "type" in model.model_fields else {})
        )
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(str(kind), model, error))) from error


def _collector(kind: str) -> type[Reader[CollectorConfig]]:
    offered = [each for each in entry_points(group=GROUP) if each.name == kind]
    if kind not in COLLECTORS and len(offered) == 1:
        return _load(offered[0])
    if offered:
        known = "is built in" if kind in COLLECTORS else "is there more than once"
        whose = ", ".join(sorted(_distribution(each) for each in offered))
        raise ConfigError(
            f"agents.type: {kind!r} {known}; offered by {whose}: rename or uninstall it"
        )
    module, _, name = COLLECTORS[kind].partition(":")
    collector: type[Reader[CollectorConfig]] = getattr(import_module(module), name)
    return collector


def _load(offered: EntryPoint) -> type[Reader[CollectorConfig]]:
    whose = f"agents.type: {offered.name!r} of {_distribution(offered)}"
    try:
        found = offered.load()
    except Exception as error:
        raise ConfigError(f"{whose} cannot be loaded: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Reader)):
        raise ConfigError(f"{whose} is no Collector: {offered.value}")
    return found


def _distribution(offered: EntryPoint) -> str:
    return offered.dist.name if offered.dist else offered.value


def _explain(kind: str, model: type[CollectorConfig], error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"])
        near = get_close_matches(place, model.model_fields, 1)
        unknown = problem["type"] == "extra_forbidden"
        hint = f"; did you mean {near[0]}?" if unknown and near else ""
        yield f"agents.{kind}.{place}: {'no such setting' if unknown else problem['msg']}{hint}"
