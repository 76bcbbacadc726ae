"""Small faults, planted one at a time in a copy: the suite must go red, or it checks nothing.

A patch begins with lines of the form `Fault: what is wrong` and `Suite: what must catch it`.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
PATCHES = sorted(HERE.glob("*.patch"))
COPIED = ("contracts", "bus", "store", "analytics", "agents", "ingest", "api", "cli", "tests")
FILES = ("pyproject.toml", "schema.sql", "README.md")

sound: set[tuple[str, ...]] = set()
"""Suites that were seen green without a fault."""

pytestmark = [pytest.mark.planted, pytest.mark.timeout(600)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources and the tests, where a fault harms nobody."""
    for name in COPIED:
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("static", "__pycache__")
        )
    for name in ("docs", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def suite_of(patch: Path) -> tuple[str, ...]:
    found = re.search(r"^Suite: (.+)$", patch.read_text(), re.MULTILINE)
    assert found, f"{patch.name} names no Suite:"
    return tuple(found.group(1).split())


def run(folder: Path, suite: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *suite],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def plant(folder: Path, patch: Path) -> None:
    done = subprocess.run(
        ["git", "apply", str(patch)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{patch.name} does not fit any more: {done.stderr}"


def test_there_are_faults() -> None:
    assert len(PATCHES) >= 10


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_planted_fault_turns_the_suite_red(patch: Path, copy: Path) -> None:
    suite = suite_of(patch)
    if suite not in sound:
        before = run(copy, suite)
        assert before.returncode == 0, before.stdout[-3_000:]
        sound.add(suite)
    plant(copy, patch)
    after = run(copy, suite)

    assert after.returncode == 1, after.stdout[-3_000:]
    assert " failed" in after.stdout
