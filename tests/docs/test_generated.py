"""Generated pages are what the code says now, and nothing that exists is documented nowhere."""

import json
from pathlib import Path

import jsonschema
import pytest
import typer
from pydantic import Field
from typer.core import TyperGroup

from contracts.base import NonNegative, Record
from contracts.topics import encode, topic_of
from docs.generate.commands import root, undocumented_commands
from docs.generate.compatibility import incompatibilities, losses
from docs.generate.database import relations, undocumented_relations
from docs.generate.pages import ASYNCAPI, SCHEMAS, pages
from docs.generate.records import undocumented_fields
from docs.generate.settings import settings_page
from docs.generate.vocabulary import records
from tests.records import one_of_each

SCHEMA = Path(__file__).parent.parent.parent / "schema.sql"
PAGES = pages()
SCHEMA_PAGES = {path: text for path, text in PAGES.items() if path.parent == SCHEMAS}


def test_generated_pages_are_up_to_date() -> None:
    stale = [
        path.name for path, text in PAGES.items() if not path.exists() or path.read_text() != text
    ]

    assert stale == [], "run `make generate`"


def test_no_schema_is_left_of_a_record_that_is_gone() -> None:
    assert set(SCHEMAS.iterdir()) == set(SCHEMA_PAGES)


@pytest.mark.parametrize("path", SCHEMA_PAGES, ids=lambda path: path.stem)
def test_a_schema_changes_by_additions_only(path: Path) -> None:
    assert incompatibilities(json.loads(path.read_text()), json.loads(SCHEMA_PAGES[path])) == []


def test_the_contract_of_the_topics_changes_by_additions_only() -> None:
    assert losses(json.loads(ASYNCAPI.read_text()), json.loads(PAGES[ASYNCAPI])) == []


@pytest.mark.parametrize("record", one_of_each(), ids=lambda record: type(record).__name__)
def test_a_record_of_ours_fits_its_schema(record: Record) -> None:
    _, name, version = topic_of(record).value.split(".")  # type: ignore[arg-type]
    schema = json.loads((SCHEMAS / f"{name}.{version}.json").read_text())

    jsonschema.Draft202012Validator(schema).validate(json.loads(encode(record)))


def test_every_field_says_what_it_means() -> None:
    assert undocumented_fields(records()) == []


def test_every_setting_says_what_it_means() -> None:
    rows = [row for row in settings_page().splitlines() if row.startswith("| `")]

    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_table_is_documented() -> None:
    assert undocumented_relations(SCHEMA.read_text()) == []


def test_every_command_and_option_has_words() -> None:
    assert undocumented_commands(root()) == []


class Planted(Record):
    """A record with a field that says nothing."""

    silent_ms: NonNegative | None = None
    spoken_ms: NonNegative | None = Field(default=None, description="Milliseconds.")


def test_a_field_without_words_is_found() -> None:
    assert undocumented_fields((Planted,)) == ["Planted.silent_ms"]


def test_a_table_and_a_view_without_words_are_found() -> None:
    more = (
        "\nCREATE TABLE strangers (\n    id UUID PRIMARY KEY\n);\nCREATE VIEW odd AS\nSELECT 1;\n"
    )

    assert undocumented_relations(SCHEMA.read_text() + more) == ["strangers", "odd"]


def test_a_command_and_an_option_without_words_are_found() -> None:
    app = typer.Typer(help="Planted.")

    @app.command()
    def silent(loud: bool = False) -> None:
        assert loud

    @app.command()
    def other() -> None:
        """It has words."""

    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)

    assert undocumented_commands(group) == ["woa silent", "woa silent --loud"]


def test_tables_are_read_with_their_columns() -> None:
    found = {relation.name: relation for relation in relations(SCHEMA.read_text())}

    assert found["queue_metrics"].key == "orchestrator_id, queue_id, collected_at, id"
    assert ("processing_rate", "double precision") in found["queue_metrics"].columns
    assert found["orchestrator_rollup_1h"].columns == found["orchestrator_rollup_1m"].columns
    assert [name for name, _ in found["orchestrator_performance_summary"].columns][:3] == [
        "orchestrator_type",
        "time_bucket",
        "avg_health_score",
    ]
