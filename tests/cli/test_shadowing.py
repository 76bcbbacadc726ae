"""A package of another distribution in front of ours is refused with its place."""

import subprocess
import sys
from pathlib import Path

from cli.shadowing import shadowed

ROOT = Path(__file__).parent.parent.parent


def test_nothing_is_shadowed_here() -> None:
    assert shadowed() == []


def test_a_package_found_elsewhere_is_named(tmp_path: Path) -> None:
    lines = shadowed(tmp_path)

    assert any(line.startswith("agents: found in") for line in lines)


def test_the_command_refuses_to_start(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").touch()
    result = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", "doctor"],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert "agents: found in" in result.stderr
    assert "environment of its own" in result.stderr
