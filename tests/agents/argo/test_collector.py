import pytest

from agents.argo import ArgoCollector
from tests.agents.argo.scenes import BESIDE, Scene, busy, iso
from tests.agents.contract import CollectorContract
from tests.agents.http_faults import EVERYWHERE, FAULTS


class TestArgoCollector(CollectorContract):
    def collector(self) -> ArgoCollector:
        return busy(**BESIDE).collector

    def broken(self) -> ArgoCollector:
        scene = busy()
        scene.wire.fail(EVERYWHERE, FAULTS["refused"])
        return scene.collector


class TestEmpty(TestArgoCollector):
    """A controller without workflows."""

    def collector(self) -> ArgoCollector:
        return Scene().collector


async def test_arguments_and_environments_never_leave_the_server() -> None:
    scene = busy(**BESIDE)
    await scene.scrape()
    scene.workflow("runs", "Failed", finishedAt=iso(scene.at))
    batch = await scene.scrape()
    await scene.collector.aclose()

    assert not [each for each in batch.records() if "hunter2" in each.model_dump_json()]


@pytest.mark.parametrize(
    ("settings", "selector"),
    [
        ({}, "!workflows.argoproj.io/controller-instanceid"),
        ({"controller_instance": "blue"}, "workflows.argoproj.io/controller-instanceid=blue"),
    ],
)
async def test_only_the_workflows_of_this_controller_are_asked_for(
    settings: dict[str, str], selector: str
) -> None:
    scene = busy(**settings)
    await scene.scrape()
    kinds = {name: each.kind for name, each in scene.collector.informers.items()}
    await scene.collector.aclose()

    assert kinds["workflows"].params == {"labelSelector": selector}
    assert kinds["pods"].params["labelSelector"] == f"{selector},workflows.argoproj.io/workflow"
