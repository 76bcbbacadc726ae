"""What the real servers answer now looks like what was recorded of them."""

import pytest

from tests.agents.airflow.replay import CASES
from tests.agents.http_cases import HttpCase, shape_differences
from tests.live.airflow.record import record
from tests.live.airflow.server import AirflowServer
from tests.live.matrix.versions import asked_version

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


async def test_a_fresh_recording_has_the_shape_of_the_kept_one(airflow: AirflowServer) -> None:
    if asked_version("airflow"):
        pytest.skip("only the version of `make airflow` was recorded")
    fresh = await record(airflow)

    assert shape_differences(fresh, HttpCase.load(CASES / "server-3.3")) == {}
