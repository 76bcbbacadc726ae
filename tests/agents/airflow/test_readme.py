from typing import ClassVar

import agents.airflow
from agents.airflow import AirflowConfig
from tests.agents.airflow.scenes import busy
from tests.agents.readme import ReadmeContract, named


class TestReadme(ReadmeContract):
    package: ClassVar = agents.airflow
    config: ClassVar = AirflowConfig

    async def test_every_call_is_listed(self) -> None:
        new, old = busy(), busy("2.11.2")
        await new.scrape()
        await old.scrape()

        made = {
            line.replace("/api/v2", "").replace("/api/v1", "")
            for scene in (new, old)
            for line in scene.wire.requests
        }
        assert made - named(self.section("Rights")) == set()
