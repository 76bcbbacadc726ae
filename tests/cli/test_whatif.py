"""`woa whatif` against a served API over a real database."""

import json
from datetime import timedelta
from pathlib import Path

from tests.cli.conftest import Served
from tests.records import orchestrator_record, pool_record


async def write_hour(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        orchestrator_record(collected_at=now),
        *(
            pool_record(
                collected_at=now - timedelta(minutes=61 - minute),
                total_workers=4,
                resource_usage={"total_slots": 40, "used_slots": 16},
            )
            for minute in range(60)
        ),
    )


async def test_policies_of_files_stand_beside_one_another(served: Served, tmp_path: Path) -> None:
    await write_hour(served)
    for name in ("keda", "hpa"):
        (tmp_path / f"{name}.yaml").write_text(f"kind: {name}\nhold_s: 600\n")
    files = [str(tmp_path / name) for name in ("keda.yaml", "hpa.yaml")]
    answer = await served.woa(
        "whatif", "orders", "--policy", files[0], "--policy", files[1], "--since", "2h"
    )
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[1].split()[:3] == ["POLICY", "SHORT", "SATURATED"]
    assert [line.split()[0] for line in lines[2:4]] == ["keda.yaml", "hpa.yaml"]
    assert lines[2].split()[1] == "0.0%"
    assert any(line.startswith("Load: 1.6 workers' worth") for line in lines)


async def test_as_json_it_is_what_the_api_answers(served: Served) -> None:
    await write_hour(served)
    answer = await served.woa("whatif", "orders", "-o", "json")

    kinds = [each["policy"]["kind"] for each in json.loads(answer.out)["outcomes"]]
    assert kinds == ["spec", "default"]


async def test_a_file_that_is_none_is_named(served: Served, tmp_path: Path) -> None:
    await write_hour(served)
    path = tmp_path / "odd.yaml"
    path.write_text("- 1\n")
    answer = await served.woa("whatif", "orders", "--policy", str(path))

    assert answer.code == 2
    assert f"--policy {path}" in answer.err


async def test_a_pool_without_known_load_is_said_to_be_so(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(orchestrator_record(collected_at=now), pool_record(collected_at=now))
    answer = await served.woa("whatif", "orders", "--since", "1h")

    assert answer.code == 0
    assert "nothing to replay: " in answer.out
