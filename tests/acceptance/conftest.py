"""A place for the product: as a user has it, and reachable for an unprivileged PostgreSQL."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.product import leftovers


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A folder of this test that every user may enter (pytest's own is closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="woa-acceptance-"))
    folder.chmod(0o755)
    yield folder
    left = leftovers(folder)
    shutil.rmtree(folder, ignore_errors=True)

    assert left == []


@pytest.fixture
def state_dir(open_dir: Path) -> Path:
    """Where the product of this test keeps its data."""
    return open_dir / "state"
