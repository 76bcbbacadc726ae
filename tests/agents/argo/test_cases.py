"""Recorded answers of real controllers give the records that were looked at and found right."""

from pathlib import Path

import pytest

from tests.agents.argo.replay import CASES, replayed_case
from tests.agents.http_cases import CaseContract, HttpCase


class TestCases(CaseContract):
    @pytest.fixture(params=sorted(CASES.iterdir()), ids=lambda folder: folder.name)
    def folder(self, request: pytest.FixtureRequest) -> Path:
        folder = request.param
        assert isinstance(folder, Path)
        return folder

    async def replay(self, case: HttpCase) -> list[dict[str, object]]:
        return await replayed_case(case)
