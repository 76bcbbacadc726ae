"""What the real server answers now looks like what was recorded of it."""

from pathlib import Path

import pytest

from tests.agents.http_cases import HttpCase, shape_differences
from tests.agents.prefect.replay import CASES
from tests.live.matrix.versions import asked_version
from tests.live.prefect.conftest import new_server
from tests.live.prefect.record import record

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

KEPT = "server-3.8"


async def test_a_fresh_recording_has_the_shape_of_the_kept_one(tmp_path: Path) -> None:
    if asked_version("prefect"):
        pytest.skip("only the version of `make prefect` was recorded")
    server = new_server(tmp_path)
    try:
        server.start()
        fresh = await record(server)
    finally:
        server.stop()

    assert shape_differences(fresh, HttpCase.load(CASES / KEPT)) == {}
