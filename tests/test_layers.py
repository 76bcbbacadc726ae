"""The arrows between the packages point down, and the check that says so can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("contracts", "bus", "store", "analytics", "agents", "ingest", "api", "cli")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
    )


def test_a_planted_upward_import_is_caught(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    before = lint_imports(tmp_path)
    with (tmp_path / "contracts" / "identity.py").open("a") as module:
        module.write("\nimport store.settings\n")
    after = lint_imports(tmp_path)

    assert before.returncode == 0, before.stdout
    assert after.returncode == 1, after.stdout
    assert "contracts.identity" in after.stdout
