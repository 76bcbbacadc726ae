"""Generated pages are what the code says now, and each setting says what it means."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date(generate: ModuleType) -> None:
    stale = [path.name for path, page in generate.PAGES.items() if path.read_text() != page()]

    assert stale == [], "run `make generate`"


def test_every_setting_says_what_it_means(generate: ModuleType) -> None:
    rows = [row for row in generate.settings_page().splitlines() if row.startswith("| `")]

    assert [row for row in rows if row.endswith("|  |")] == []
