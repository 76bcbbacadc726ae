"""Collectors of other packages are found by their entry points."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from agents import registry
from agents.registry import ConfigError, config_of, known_types, make_collector
from tests.agents.scripted import ScriptedCollector


def offer(monkeypatch: pytest.MonkeyPatch, *offers: tuple[str, str]) -> None:
    found = EntryPoints(EntryPoint(name, value, registry.GROUP) for name, value in offers)
    monkeypatch.setattr(registry, "entry_points", lambda group: found.select(group=group))


def test_one_of_another_package_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("homegrown", "tests.agents.scripted:ScriptedCollector"))

    assert "homegrown" in known_types()
    settings = {"type": "homegrown", "instance_id": "jobs"}
    assert isinstance(make_collector(settings), ScriptedCollector)


def test_one_that_nobody_offers_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="'homegrown' is not one of airflow, argo, custom, "):
        config_of({"type": "homegrown"})


def test_a_name_that_is_built_in_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("airflow", "tests.agents.scripted:ScriptedCollector"))

    with pytest.raises(ConfigError, match="'airflow' is built in; offered by tests"):
        make_collector({"type": "airflow", "instance_id": "dags"})


def test_a_name_that_two_offer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("mine", "one:Collector"), ("mine", "two:Collector"))

    with pytest.raises(ConfigError, match="more than once; offered by one:Collector, two"):
        make_collector({"type": "mine", "instance_id": "x"})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no.such.module:It", "cannot be loaded: ModuleNotFoundError"),
        ("tests.agents.scripted:NoSuch", "cannot be loaded: AttributeError"),
        ("tests.agents.scripted:FakeTime", "is no Collector"),
    ],
)
def test_what_cannot_be_used_says_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    offer(monkeypatch, ("mine", value))

    with pytest.raises(ConfigError, match=message):
        make_collector({"type": "mine", "instance_id": "x"})
