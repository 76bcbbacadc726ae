"""The page about the specification names all of it, and tells the truth about each name."""

import importlib
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from api.app import PREFIX
from api.routes import load_balancing, orchestrators, queues, worker_pools
from docs.generate.database import relations
from docs.generate.vocabulary import records
from tests.docs.specification_names import (
    ANALYSIS,
    COLUMNS,
    COMPONENTS,
    FIELDS,
    INDEXES,
    NAMED,
    ROUTES,
    SERVICE,
)

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "specification.md"
SCHEMA = (ROOT / "schema.sql").read_text()
PACKAGES = ("contracts", "bus", "store", "analytics", "agents", "ingest", "api", "cli")

ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+?) \| ([^|]*?) ?\|$", re.M)
ROWS = {name: place for name, place, _ in ROW.findall(PAGE.read_text())}
NOT_BUILT = [name for name, place in ROWS.items() if place == "not built yet"]
BUILT = {name: place for name, place in ROWS.items() if place != "not built yet"}


def known_routes() -> set[str]:
    parts = (orchestrators.router, queues.router, worker_pools.router, load_balancing.router)
    return {
        f"{method} {route.path.removeprefix(PREFIX)}"
        for part in parts
        for route in part.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def exists(name: str) -> bool:
    """Whether anything of that name is in the product: a definition, a route, a component."""
    if " " in name:
        return name in known_routes()
    defined = re.compile(rf"^\s*(?:async )?(?:class|def) {name}\b", re.M)
    sources = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    if any(defined.search(path.read_text()) for path in sources):
        return True
    exported = re.compile(rf"\b(?:function|class|const) {name}\b|^\s+{name}\(", re.M)
    pages = (ROOT / "dashboard" / "src").rglob("*.ts*")
    return any(exported.search(path.read_text()) for path in pages)


def test_every_name_of_the_specification_is_on_the_page() -> None:
    methods = {method for each in ANALYSIS.values() for method in each}
    names = {*FIELDS, *NAMED, *COLUMNS, *INDEXES, *ANALYSIS, *methods}
    names |= {*ROUTES, *COMPONENTS, *SERVICE, "orchestrator_performance_summary"}

    assert names - ROWS.keys() == set()


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built_lives_where_the_page_says(name: str) -> None:
    place = re.search(r"`([^`]+)`", BUILT[name])
    assert place, f"{name} lives in {BUILT[name]}"
    path = ROOT / place.group(1)

    assert path.is_file()
    if path.suffix == ".sql":
        known = {relation.name for relation in relations(SCHEMA)}
        assert name in known or name in SCHEMA or "as the key of" in BUILT[name]
    elif path.suffix in (".ts", ".tsx"):
        assert re.search(rf"\b(?:function|class) {name}\b|^  {name}\(", path.read_text(), re.M)
    elif " " in name:
        assert name in known_routes()
    else:
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        owners = [getattr(module, each) for each in ANALYSIS if name in ANALYSIS[each]]
        assert hasattr((*owners, module)[0], name)


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_said_not_to_be_built_is_not_there(name: str) -> None:
    assert not exists(name), f"{name} exists: say where it lives"


def test_whether_something_exists_is_found_out() -> None:
    for name in ("OrchestratorAnalyzer", "HealthScoreGauge", "GET /queues"):
        assert exists(name)
    for name in ("NoSuchAnalyzer", "DELETE /queues"):
        assert not exists(name)


@pytest.mark.parametrize("interface", FIELDS)
def test_a_record_has_all_fields_of_its_interface(interface: str) -> None:
    record = next(each for each in records() if each.__name__ == interface)

    assert set(FIELDS[interface].split()) - {f.alias for f in record.model_fields.values()} == set()


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_has_all_its_columns(table: str) -> None:
    relation = next(each for each in relations(SCHEMA) if each.name == table)

    assert set(COLUMNS[table].split()) - {name for name, _ in relation.columns} == set()
