"""The kinds of Kueue, Karpenter and Cluster API in a real cluster, and objects of them."""

from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.servers import wait_for
from tests.live.kubernetes.cluster import START_S, Cluster

__all__ = ["DEFINITIONS", "define", "put"]

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def define(cluster: Cluster, folder: Path) -> None:
    """Apply every definition of a folder; returns when their kinds are served."""
    for path in sorted(folder.glob("*.yaml")):
        (body,) = [each for each in yaml.safe_load_all(path.read_text()) if each]
        approve(body)
        cluster.create(DEFINITIONS, body)
        name = body["metadata"]["name"]
        wait_for(partial(established, cluster, name), START_S, f"{name} is served")


def approve(body: dict[str, Any]) -> None:
    """Conversion by a webhook would need the controller; the versions differ little here."""
    body["spec"].pop("conversion", None)


def established(cluster: Cluster, name: str) -> bool:
    with cluster.client() as client:
        answer = client.get(f"{DEFINITIONS}/{name}")
    answer.raise_for_status()
    conditions = answer.json().get("status", {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def put(cluster: Cluster, path: str, body: dict[str, Any]) -> None:
    """Create an object, and set its status, which is written by itself."""
    stored = cluster.create(path, body)
    if "status" not in body:
        return
    headers = {"Content-Type": "application/merge-patch+json"}
    with cluster.client() as client:
        answer = client.patch(
            f"{path}/{stored['metadata']['name']}/status",
            json={"status": body["status"]},
            headers=headers,
        )
    if answer.status_code != httpx.codes.OK:
        raise AssertionError(answer.text)
