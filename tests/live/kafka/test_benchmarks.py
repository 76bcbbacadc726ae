"""The benchmarks of the stream work: a small run has every figure, and loses nothing."""

import json
import subprocess
import sys

import pytest

from benchmarks.kafka_source import kafka_source
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


def figures(*words: str) -> dict[str, float]:
    if kafka_source() is None:
        require_or_skip("live", "there is no Kafka broker: make kafka (needs Java 17 and Maven)")
    command = [sys.executable, "-m", "benchmarks", *words, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_ingest() -> None:
    small = ("--rounds", "1", "--records", "500", "--orchestrators", "100")
    found = figures("ingest", *small, "--growth-records", "500")

    assert found["copy_ceiling_ratio"] > found["copy_ceiling_ratio_all_effects"] > 0
    assert 0 < found["bytes_ratio_to_json"] < 2
    assert found["growth_1_to_2_processes"] > 0


def test_catch_up() -> None:
    found = figures("catch-up", "--orchestrators", "50", "--outage-s", "300")

    assert (found["records"], found["missing"]) == (50 * 20, 0)
    assert found["ingest_peak_rss_mb_catch_up"] > 0
