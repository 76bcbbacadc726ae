"""What exists is documented: agents, commands, settings, decisions."""

import json
import re
from pathlib import Path

import pytest

from agents.registry import COLLECTORS, readme_of

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("kind", sorted(COLLECTORS))
def test_every_agent_has_a_readme_with_its_field_table(kind: str) -> None:
    readme = (ROOT / readme_of(kind)).read_text()

    for section in ("Rights", "Fields", "Versions"):
        assert re.search(rf"^#+ .*{section}", readme, re.MULTILINE | re.IGNORECASE), section


def test_every_decision_is_short() -> None:
    long = [
        path.name
        for path in (ROOT / "docs" / "adr").glob("*.md")
        if len(path.read_text().splitlines()) > 40
    ]

    assert long == []


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md"))

    assert numbers == list(range(1, len(numbers) + 1))


def test_no_path_of_one_machine_and_no_registry_host_is_in_the_tree() -> None:
    suspicious = re.compile(r"/(?:wor[k]|roo[t])/[a-z]")
    found = [
        str(path.relative_to(ROOT))
        for pattern in ("*.md", "*.toml", "Makefile", ".npmrc")
        for path in ROOT.rglob(pattern)
        if not {".venv", "node_modules", "static"} & set(path.parts)
        and suspicious.search(path.read_text())
    ]

    assert found == []


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = json.loads((ROOT / "dashboard" / "package-lock.json").read_text())["packages"]

    assert "://" not in lock
    assert [name for name, package in packages.items() if "resolved" in package] == []
