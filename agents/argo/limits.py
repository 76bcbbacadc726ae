"""Limits in the controller's settings."""

import yaml

from agents.argo.wire import ConfigMap
from agents.missing import Missing

__all__ = ["limit_of"]


def limit_of(settings: ConfigMap, name: str) -> int | Missing:
    """A limit, 0 where there is none. Settings stand by name, or all under `config` as YAML."""
    data = settings.data or {}
    try:
        inner = yaml.safe_load(data.get("config", "")) or {}
        value = data.get(name, inner.get(name, 0) if isinstance(inner, dict) else 0)
        limit = int(value)
    except (yaml.YAMLError, TypeError, ValueError) as error:
        return Missing(f"{name} of the controller's settings cannot be read: {error}")
    return max(0, limit)
