"""One seed of the auditor: every kind of fault, and every record has its effect once."""

import json
import subprocess
import sys

import pytest

from benchmarks.faults.audit import Findings
from benchmarks.faults.faults import FEW
from benchmarks.kafka_source import kafka_source
from tests.requirements import require_or_skip

RECORDS = 20_000


@pytest.mark.live
@pytest.mark.timeout(1_500)
def test_faults_lose_nothing_and_double_nothing() -> None:
    if kafka_source() is None:
        require_or_skip("live", "there is no Kafka broker: make kafka (needs Java 17 and Maven)")
    command = ["faults", "--json", "--few", "--records", str(RECORDS), "--seed", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *command], stdout=subprocess.PIPE, text=True
    )
    try:
        output, _ = process.communicate()
    finally:
        process.terminate()  # it stops what it started, and unmounts
        process.wait(120)
    figures = json.loads(output.splitlines()[-1])

    assert {name: figures[name] for name in Findings().figures()} == Findings().figures()
    assert process.returncode == 0
    assert figures["records"] == RECORDS
    assert figures["sent"] > 1.05 * RECORDS
    assert {name: figures[name] for name in FEW} == FEW
