from typing import ClassVar

import agents.argo
from agents.argo import ArgoConfig
from tests.agents.readme import ReadmeContract


class TestReadme(ReadmeContract):
    package: ClassVar = agents.argo
    config: ClassVar = ArgoConfig
