"""The user's kubeconfig: one file, or the several that KUBECONFIG names, read as kubectl does.

An entry is taken from the first file that has it, and so is the current context; paths in a
file are relative to its folder.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agents.collector import CollectorError

__all__ = ["Kubeconfig", "usual_paths"]

PARTS = {"contexts": "context", "clusters": "cluster", "users": "user"}


def usual_paths(environment: Mapping[str, str]) -> list[Path]:
    """Where it is when no setting says where."""
    named = [each for each in environment.get("KUBECONFIG", "").split(os.pathsep) if each]
    return [Path(each).expanduser() for each in named or ("~/.kube/config",)]


@dataclass(frozen=True)
class Kubeconfig:
    """What the files say, the first of them first."""

    files: Sequence[tuple[Path, Mapping[str, Any]]]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> "Kubeconfig":
        """Files that are not there are left out. Raises `CollectorError` naming a broken one."""
        return cls([(path, _mapping(path)) for path in paths if path.exists()])

    @property
    def current_context(self) -> str | None:
        named = (whole.get("current-context") for _, whole in self.files)
        return next((str(each) for each in named if each), None)

    def entry(self, part: str, name: str | None) -> tuple[Mapping[str, Any], Path]:
        """What `part` has under `name`, and the folder of its file. Raises `CollectorError`."""
        key = PARTS[part]
        for path, whole in self.files:
            for each in _entries(path, whole, part):
                if each.get("name") == name and isinstance(each.get(key), Mapping):
                    return each[key], path.parent
        raise CollectorError(f"{self} has no {key} {name!r}")

    def __str__(self) -> str:
        return ", ".join(str(path) for path, _ in self.files)


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        whole = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CollectorError(f"{path} is no kubeconfig that can be used: {error}") from error
    if whole is not None and not isinstance(whole, Mapping):
        raise CollectorError(f"{path} is no kubeconfig that can be used: it is no mapping")
    return whole or {}


def _entries(path: Path, whole: Mapping[str, Any], part: str) -> Iterator[Mapping[str, Any]]:
    entries = whole.get(part) or []
    if not isinstance(entries, list) or not all(isinstance(each, Mapping) for each in entries):
        raise CollectorError(f"{path} is no kubeconfig that can be used: {part} is no list")
    yield from entries
