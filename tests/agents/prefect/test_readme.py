from typing import ClassVar

import agents.prefect
from agents.prefect import PrefectConfig
from tests.agents.prefect.scenes import busy, busy_before
from tests.agents.readme import ReadmeContract, named


class TestReadme(ReadmeContract):
    package: ClassVar = agents.prefect
    config: ClassVar = PrefectConfig

    async def test_every_call_is_listed(self) -> None:
        scene = busy()
        await scene.scrape()
        await busy_before(scene)
        await scene.scrape()

        made = {
            line.replace("/api/", "/").replace("/etl/", "/{name}/").replace("/ml/", "/{name}/")
            for line in scene.wire.requests
        }
        assert made - named(self.section("Rights")) == set()
