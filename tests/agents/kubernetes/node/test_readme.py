"""The README names every field and every setting."""

from pathlib import Path

import agents.kubernetes.node
from agents.collector import CollectorConfig
from agents.kubernetes.node import NodeConfig
from contracts.worker_usage import WorkerUsage
from tests.agents.readme import IDENTITY, named

assert agents.kubernetes.node.__file__
TEXT = Path(agents.kubernetes.node.__file__).with_name("README.md").read_text()


def section(heading: str) -> str:
    return TEXT.partition(f"\n{heading}\n")[2].partition("\n##")[0].strip()


def test_every_field_has_its_source() -> None:
    wire = {field.alias or name for name, field in WorkerUsage.model_fields.items()}

    assert wire - named(section("### usage")) - IDENTITY == set()


def test_every_setting_is_listed() -> None:
    settings = NodeConfig.model_fields.keys() | CollectorConfig.model_fields.keys()

    assert settings - named(section("## Settings")) == set()


def test_the_rest_is_said() -> None:
    headings = ("### Rights", "### Load", "## Failures", "## Versions")

    assert [heading for heading in headings if not section(heading)] == []
