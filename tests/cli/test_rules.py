"""`woa rules`: packs and tests of them, from files."""

from importlib.resources import files
from pathlib import Path

import pytest

from cli.exits import CommandError, Exit, UsageError
from cli.rules import run_rules_show, run_rules_test

PACKS = files("analytics.alerting").joinpath("packs")
TEST = """
tests:
  - name: nine tenths are too much
    series: {capacity_utilization_ratio: "0.95x3"}
    expect:
      - {at_s: 60, rule: CAPACITY_CRITICAL, state: STATE}
"""


@pytest.mark.parametrize("name", ["default", "spec"])
def test_a_pack_is_shown_and_passes_its_own_tests(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_rules_show(name) is Exit.OK
    pack = tmp_path / "rules.yaml"
    pack.write_text(capsys.readouterr().out)
    tests = tmp_path / "rules.tests.yaml"
    tests.write_text(PACKS.joinpath(f"{name}.tests.yaml").read_text())

    assert run_rules_test(str(pack), [tests]) is Exit.OK
    assert capsys.readouterr().out.endswith(f"of pack {name}: all as expected\n")


def test_what_is_not_as_expected_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(TEST.replace("STATE", "firing"))
    bad.write_text(TEST.replace("STATE", "resolved"))

    assert run_rules_test("spec", [good, bad]) is Exit.FAILED
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{good}: 1 tests of pack spec: all as expected"
    assert lines[1].startswith(f"{bad}: nine tenths are too much: CAPACITY_CRITICAL at 60 s: ")
    assert lines[2] == f"{bad}: 1 tests of pack spec: 1 not as expected"


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    odd = tmp_path / "odd.yaml"
    odd.write_text("rules: 1\n")
    with pytest.raises(UsageError, match=r"odd\.yaml"):
        run_rules_test("default", [odd])
    with pytest.raises(UsageError, match="--pack"):
        run_rules_test(str(odd), [odd])
    with pytest.raises(CommandError, match="cannot read"):
        run_rules_test("default", [tmp_path / "missing.yaml"])
    with pytest.raises(UsageError, match="default, spec"):
        run_rules_show("other")
