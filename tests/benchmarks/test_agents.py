from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.agents.costs import run


@pytest.mark.parametrize("agent", ["argo", "kubernetes", "airflow", "prefect"])
def test_a_server_that_was_not_built_is_null_with_the_reason(
    agent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = Namespace(only=agent, servers="real", real_nodes=1, real_pods=1)

    assert run(asked) == {agent: {"real": None, "real_reason": f"it was not built: make {agent}"}}
