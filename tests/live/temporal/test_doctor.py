"""`woa doctor` reads a real server and says what that does not give."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.woa import config, woa
from tests.live.temporal.server import TemporalServer

pytestmark = pytest.mark.live


async def test_the_fields_that_a_real_server_does_not_give_have_their_reasons(
    temporal_server: TemporalServer, namespace: str, tmp_path: Path
) -> None:
    address = temporal_server.address
    agent = f"{{type: temporal, instance_id: x, address: '{address}', namespace: {namespace}}}"
    file = config(tmp_path, f"agents: [{agent}]")
    env = {"WOA_API__PORT": "0"}
    answer = await asyncio.to_thread(
        woa, "doctor", "-o", "json", "-c", file, folder=tmp_path, env=env
    )
    (check,) = [check for check in json.loads(answer.out) if check["name"] == "agent"]
    reasons = {field: gap["reason"] for gap in check["gaps"] for field in gap["fields"]}
    text = await asyncio.to_thread(woa, "doctor", "-c", file, folder=tmp_path, env=env)

    assert (answer.code, check["state"]) == (0, "ok")
    assert "temporal x" in check["found"]
    assert "metrics_urls" in reasons["/scheduling/p95SchedulingLatency"]
    assert not [reason for reason in reasons.values() if "two scrapes" in reason]
    assert all(gap["reason"] in text.out for gap in check["gaps"])
