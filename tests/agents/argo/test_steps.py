import base64
import gzip
import json
from typing import Any

import pytest

from contracts.orchestrator import OrchestratorMetrics
from tests.agents.argo.scenes import Scene, details, scraped


class TestSteps:
    """Where a workflow is large its steps are packed, or not in it at all."""

    async def one(self, **status: Any) -> OrchestratorMetrics:
        scene = Scene()
        scene.workflow("large", "Running", **status)
        return await scraped(scene)

    async def test_packed_steps_are_read(self) -> None:
        paused = {"a": {"type": "Suspend", "phase": "Running"}}
        packed = base64.b64encode(gzip.compress(json.dumps(paused).encode())).decode()
        record = await self.one(compressedNodes=packed)

        assert details(record)["suspended"] == 1

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ({"offloadNodeStatusVersion": "fnv:1"}, "its steps are in Argo's database"),
            ({"compressedNodes": base64.b64encode(b"\x28\xb5\x2f\xfdxx").decode()}, "zstd"),
            ({"compressedNodes": base64.b64encode(b"hello").decode()}, "not known"),
            ({"compressedNodes": base64.b64encode(b"\x1f\x8bxx").decode()}, "cannot be unpacked"),
        ],
    )
    async def test_steps_that_cannot_be_read_are_a_warning(
        self, status: dict[str, str], reason: str
    ) -> None:
        record = await self.one(**status)

        assert "/capacity/runningWorkflows" in record.metadata.estimated
        (warning,) = record.health.warnings
        assert warning.startswith("1 workflows: ")
        assert reason in warning
