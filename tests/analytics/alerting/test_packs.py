"""The packs that come with the product, by their own tests."""

from importlib.resources import files

import pytest

from analytics.alerting.rule_tests import read_tests, run_tests
from analytics.alerting.rules import PACKS, packaged
from contracts.alerts import AlertRoute


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_passes_its_tests(name: str) -> None:
    tests = (files("analytics.alerting") / "packs" / f"{name}.tests.yaml").read_text()

    assert run_tests(packaged(name), read_tests(tests)) == ()


def test_only_critical_rules_that_hold_for_a_while_or_burn_call_somebody() -> None:
    pages = [rule for rule in packaged("default").rules if rule.route == AlertRoute.PAGE]

    assert {rule.severity.value for rule in pages} == {"critical"}
    assert all(rule.for_s or rule.when[0].kind == "burn_rate" for rule in pages)
    assert all(rule.clear_for_s for rule in pages)


def test_there_is_no_other_pack() -> None:
    with pytest.raises(KeyError):
        packaged("../packs/spec")
