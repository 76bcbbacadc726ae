"""Deployments and StatefulSets that were opted in, and the autoscalers that target them."""

from datetime import timedelta
from typing import Any

import pytest

from agents.collector import Batch
from contracts.worker_pool import ScalingAction, WorkerPoolMetrics, WorkerStatus
from tests.agents.contract import assert_null, records_of, unexplained_nulls
from tests.agents.http_faults import FAULTS
from tests.agents.kubernetes.scenes import (
    AUTOSCALERS,
    DEPLOYMENTS,
    STATEFULSETS,
    Scene,
    busy,
    iso,
)

SELECTOR = {"workload_selector": "woa/pool=true"}
WEB = "deployment/shop/web"


def shop(**settings: Any) -> Scene:
    """A Deployment of four pods, a StatefulSet, and a Deployment that nobody opted in."""
    scene = busy(**(SELECTOR | settings))
    chosen = {"namespace": "shop", "labels": {"woa/pool": "true"}}
    status = {"readyReplicas": 1, "updatedReplicas": 4}
    scene.custom(DEPLOYMENTS, "web", {"replicas": 4}, status, **chosen)
    scene.custom(DEPLOYMENTS, "other", {"replicas": 1}, namespace="shop")
    scene.custom(STATEFULSETS, "db", {"replicas": 1}, **chosen)
    early = scene.at - timedelta(minutes=5)
    scene.pod("a", "n1", "Running", ready=early, **web())
    scene.pod("b", "n1", "Running", **web())  # it has just begun
    scene.pod("c", "n2", "Failed", **web())
    scene.pod("d", **web())  # it has no node yet
    scene.pod("db-0", "n2", "Running", ready=early, owner="StatefulSet", owner_name="db")
    return scene


def web() -> dict[str, Any]:
    return {"owner_name": "web-5d9f", "labels": {"pod-template-hash": "5d9f"}}


def autoscaler(scene: Scene, wanted: int, current: int = 4, **more: Any) -> None:
    able = {"type": "AbleToScale", "status": "True", "message": f"updated the scale to {wanted}"}
    target = {"kind": "Deployment", "name": "web"}
    scene.custom(
        AUTOSCALERS,
        "web",
        {"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": target},
        {
            "currentReplicas": current,
            "desiredReplicas": wanted,
            "lastScaleTime": iso(scene.at),
            "conditions": [able],
        }
        | more,
        namespace="shop",
    )


async def pools(scene: Scene) -> dict[str, WorkerPoolMetrics]:
    batch = await checked(scene)
    await scene.collector.aclose()
    return {each.pool_name: each for each in batch.pools}


async def checked(scene: Scene) -> Batch:
    batch = await scene.scrape()
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


async def test_pods_are_the_workers_of_what_was_opted_in() -> None:
    found = await pools(shop())

    assert found.keys() == {"batch", "general", WEB, "statefulset/shop/db"}
    web_pool = found[WEB]
    assert web_pool.worker_type == "deployment"
    statuses = {each.labels["pod"]: each.status for each in web_pool.workers or ()}
    assert statuses == {"shop/a": WorkerStatus.ACTIVE, "shop/c": WorkerStatus.FAILED}
    details = (web_pool.metadata.model_extra or {})["kubernetes"]
    assert (details["wanted"], details["ready"], details["updated"]) == (4, 1, 4)
    assert details["podsByPhase"] == {"Running": 2, "Failed": 1, "Pending": 1}


async def test_nobody_is_opted_in_by_default() -> None:
    scene = shop(workload_selector=None)
    found = await pools(scene)

    assert found.keys() == {"batch", "general"}
    assert DEPLOYMENTS not in "".join(scene.wire.requests)


async def test_the_autoscaler_that_targets_it_tells_how_far_it_may_go() -> None:
    scene = shop()
    autoscaler(scene, 4)
    found = await pools(scene)

    scaling = found[WEB].scaling
    assert (scaling.enabled, scaling.min_workers, scaling.max_workers) == (True, 2, 6)
    assert scaling.current_target == 4
    alone = found["statefulset/shop/db"].scaling
    assert (alone.enabled, alone.current_target, alone.max_workers) == (False, 1, None)


async def test_what_an_autoscaler_decided() -> None:
    scene = shop()
    autoscaler(scene, 4)
    await scene.scrape()
    limited = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
    able = {"type": "AbleToScale", "status": "True", "message": "updated the scale to 6"}
    autoscaler(scene, 6, conditions=[able, limited])
    batch = await checked(scene)
    after = await pools(scene)

    (decision,) = {each.pool_name: each for each in batch.pools}[WEB].scaling.scaling_decisions
    assert (decision.action, decision.from_count, decision.to_count) == (
        ScalingAction.SCALE_UP,
        4,
        6,
    )
    assert (decision.reason, decision.success) == ("updated the scale to 6", True)
    warning = f"the autoscaler of {WEB} may not go beyond 6"
    assert warning in batch.orchestrator.health.warnings
    told = batch.orchestrator.extra_metadata()["kubernetes"]["autoscalers"]
    assert told == {"count": 1, "atMost": 1, "troubled": 0}
    assert after[WEB].scaling.scaling_decisions == ()


async def test_an_autoscaler_that_has_computed_nothing_yet_does_not_want_none() -> None:
    scene = shop()
    autoscaler(scene, 0, lastScaleTime=None)
    await scene.scrape()
    autoscaler(scene, 6)
    batch = await checked(scene)
    await scene.collector.aclose()

    scaling = {each.pool_name: each.scaling for each in batch.pools}[WEB]
    assert scaling.current_target == 4
    assert [(each.from_count, each.to_count) for each in scaling.scaling_decisions] == [(4, 6)]


async def test_an_autoscaler_that_looked_again_decided_nothing_new() -> None:
    scene = shop()
    autoscaler(scene, 4, current=3)
    await scene.scrape()
    scaled_at = iso(scene.at - timedelta(seconds=15))
    autoscaler(scene, 4, lastScaleTime=scaled_at)
    found = await pools(scene)

    assert found[WEB].scaling.scaling_decisions == ()


async def test_an_autoscaler_that_does_not_work_is_told() -> None:
    scene = shop()
    broken = {"type": "ScalingActive", "status": "False", "message": "no metrics"}
    autoscaler(scene, 4, conditions=[broken])
    record = (await checked(scene)).orchestrator
    await scene.collector.aclose()

    assert f"the autoscaler of {WEB} does not work: no metrics" in record.health.warnings


@pytest.mark.parametrize("fault", ["refused", "401", "403", "500", "HTML"])
async def test_autoscalers_fail_by_themselves(fault: str) -> None:
    scene = shop()
    autoscaler(scene, 4)
    scene.wire.fail(f"GET {AUTOSCALERS}$", FAULTS[fault])
    found = await pools(scene)

    assert_null(found[WEB], ("/scaling/enabled", "/scaling/maxWorkers"))
    assert found[WEB].total_workers == 2


@pytest.mark.parametrize("path", [DEPLOYMENTS, STATEFULSETS])
@pytest.mark.parametrize("fault", ["refused", "403", "500"])
async def test_without_the_workloads_there_are_no_pools_of_them(path: str, fault: str) -> None:
    scene = shop()
    scene.wire.fail(f"GET {path}$", FAULTS[fault])
    batch = await checked(scene)
    await scene.collector.aclose()

    assert {each.worker_type for each in batch.pools} == {"node-pool"}
    said = (*batch.orchestrator.health.warnings, *map(str, batch.orchestrator.health.errors))
    assert [each for each in said if path.rsplit("/", 1)[1] in each]
