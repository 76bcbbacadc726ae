"""The README lists every field, setting and call."""

from typing import ClassVar

import agents.temporal
from agents.temporal.config import TemporalConfig
from agents.temporal.rpcs import WorkflowRpcs
from tests.agents.readme import ReadmeContract, named


class TestReadme(ReadmeContract):
    package: ClassVar = agents.temporal
    config: ClassVar = TemporalConfig

    def test_every_call_is_listed_with_its_right(self) -> None:
        calls = {
            "".join(word.capitalize() for word in name.split("_"))
            for name in vars(WorkflowRpcs)
            if not name.startswith("_")
        }

        assert calls - named(self.section("Rights")) == set()
