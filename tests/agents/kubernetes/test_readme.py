from typing import ClassVar

import agents.kubernetes
from agents.kubernetes import KubernetesConfig
from tests.agents.readme import ReadmeContract


class TestReadme(ReadmeContract):
    package: ClassVar = agents.kubernetes
    config: ClassVar = KubernetesConfig
