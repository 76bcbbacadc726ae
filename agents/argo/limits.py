"""How many workflows may run at once: of the controller, and of each namespace."""

import re
from collections.abc import Mapping
from sys import intern
from typing import Any

import yaml
from msgspec import Struct

from agents.argo.wire import ConfigMap
from agents.kube.wire import Watched
from agents.missing import Missing

__all__ = ["LIMITED", "NamespaceLimit", "archive_of", "limit_of", "namespace_limit", "reads_labels"]

LIMITED = "workflows.argoproj.io/parallelism-limit"
"""A label of namespaces."""

READ_SINCE = (3, 7)


class NamespaceLimit(Struct, frozen=True, gc=False):
    """A namespace with a limit of its own; 0 is none, null a label that is no number."""

    name: str
    limit: int | None


def namespace_limit(namespace: Watched) -> NamespaceLimit:
    told = namespace.metadata.labels.get(LIMITED, "")
    name = intern(namespace.metadata.name)
    try:
        return NamespaceLimit(name, max(0, int(told)))
    except ValueError:
        return NamespaceLimit(name, None)


def reads_labels(version: str) -> bool:
    """Whether a controller of this version does, or may do so where the version is not known."""
    found = re.match(r"v?(\d+)\.(\d+)\.", version)
    return found is None or (int(found[1]), int(found[2])) >= READ_SINCE


def limit_of(settings: ConfigMap, name: str) -> int | Missing:
    """A limit, 0 where there is none."""
    try:
        limit = int(_setting(settings, name) or 0)
    except (yaml.YAMLError, TypeError, ValueError) as error:
        return _unreadable(name, error)
    return max(0, limit)


def archive_of(settings: ConfigMap) -> bool | Missing:
    """Whether workflows that are over are kept in a database."""
    try:
        told = _setting(settings, "persistence")
        kept = yaml.safe_load(told) if isinstance(told, str) else told
    except yaml.YAMLError as error:
        return _unreadable("persistence", error)
    return isinstance(kept, Mapping) and kept.get("archive") is True


def _setting(settings: ConfigMap, name: str) -> Any:
    """Settings stand by name, or all under `config` as YAML. Raises `yaml.YAMLError`."""
    data = settings.data or {}
    inner = yaml.safe_load(data.get("config", ""))
    return data.get(name, inner.get(name) if isinstance(inner, Mapping) else None)


def _unreadable(name: str, error: Exception) -> Missing:
    return Missing(f"{name} of the controller's settings cannot be read: {error}")
