"""Every agent, one line each. A collector is imported only when it is configured."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from agents.collector import Collector, CollectorConfig

__all__ = ["COLLECTORS", "ConfigError", "config_model", "known_types", "make_collector"]

COLLECTORS = {
    "temporal": "agents.temporal:TemporalCollector",
}


class ConfigError(ValueError):
    """An agent's settings are wrong; the message names the setting."""


def known_types() -> tuple[str, ...]:
    """Values of an agent's `type` setting."""
    return tuple(sorted(COLLECTORS))


def config_model(kind: str) -> type[CollectorConfig]:
    """The settings model of one agent."""
    return _collector(kind).config_model


def make_collector(settings: Mapping[str, Any]) -> Collector[CollectorConfig]:
    """The collector that one entry of `agents:` describes. Raises `ConfigError`."""
    kind = settings.get("type")
    if kind not in COLLECTORS:
        raise ConfigError(f"agents.type: {kind!r} is not one of {', '.join(known_types())}")
    collector = _collector(str(kind))
    try:
        return collector(collector.config_model.model_validate(dict(settings)))
    except ValidationError as error:
        raise ConfigError(_explain(str(kind), error)) from error


def _collector(kind: str) -> type[Collector[CollectorConfig]]:
    module, _, name = COLLECTORS[kind].partition(":")
    collector: type[Collector[CollectorConfig]] = getattr(import_module(module), name)
    return collector


def _explain(kind: str, error: ValidationError) -> str:
    lines = (
        f"agents.{kind}.{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    return "\n".join(lines)
