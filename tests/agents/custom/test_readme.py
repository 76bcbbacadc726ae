"""The README's examples are settings that work, and it names each of them."""

import re
from pathlib import Path

import pytest
import yaml

import agents.custom
from agents.custom import CustomConfig
from agents.custom.config import ListSpec, PushSettings, SqlSource, ValueSpec
from agents.custom.targets import UNITS
from agents.registry import config_of
from tests.agents.readme import named

README = (Path(agents.custom.__file__).with_name("README.md")).read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["mapped", "pushed"])
def test_an_example_is_accepted(example: str) -> None:
    (settings,) = yaml.safe_load(example)["agents"]

    assert isinstance(config_of(settings), CustomConfig)


def test_every_setting_and_word_of_the_mapping_is_explained() -> None:
    words = {
        *CustomConfig.model_fields,
        *(ValueSpec.model_fields.keys() - {"labels", "reduce"}),
        *(ListSpec.model_fields.keys() - {"source", "fields"}),
        *(SqlSource.model_fields.keys() - {"kind"}),
        *(PushSettings.model_fields.keys() & {"stale_after_s"}),
    }

    assert words - named(README) == set()


def test_every_unit_is_listed() -> None:
    assert ", ".join(UNITS) in README
