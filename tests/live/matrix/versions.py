"""Which version of an orchestrator the live tests run against."""

import os
from pathlib import Path

import pytest

from benchmarks.servers import cache_folder

__all__ = ["VARIABLE", "asked_version", "environment_of", "version_folder"]

VARIABLE = "WOA_MATRIX"


def asked_version(orchestrator: str) -> str | None:
    """Such as `3.1`, where `make matrix` asks for it; skips where it asks for another server."""
    name, _, version = os.environ.get(VARIABLE, "").partition("-")
    if name and name != orchestrator:
        pytest.skip(f"{VARIABLE} asks for {name}")
    return version or None


def environment_of(orchestrator: str, packaged: str) -> Path | None:
    """The environment of the version that is asked for, else that of a `make` target, if made."""
    version = asked_version(orchestrator)
    folder = version_folder(orchestrator, version) if version else cache_folder() / packaged
    return folder if (folder / ".installed").exists() else None


def version_folder(orchestrator: str, version: str) -> Path:
    return cache_folder() / "matrix" / f"{orchestrator}-{version}"
