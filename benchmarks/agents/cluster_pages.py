"""A Kubernetes API server that answers from prepared pages: lists, and watches that stay open.

`python -m benchmarks.agents.cluster_pages PORT NODES PODS`. What it is asked costs it next to
nothing. A pod is of the size of a real one: about 8 KB, a quarter of it `managedFields`. Lists are
compressed as the real server does it.
"""

import asyncio
import gzip
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from benchmarks.agents.serving import CHANGES, Message, Send, serve

__all__ = ["Pages", "node", "pod"]

Json = dict[str, Any]

PAGE = 500
LIST_VERSION = 1_000_000
NODES, PODS = "/api/v1/nodes", "/api/v1/pods"
EMPTY = ("/apis/batch/v1/jobs", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases")
SINCE = "2026-11-02T08:00:00Z"
FACTS: dict[str, Json] = {
    "/version": {"gitVersion": "v1.37.2"},
    "/apis": {"groups": [{"versions": [{"groupVersion": "batch/v1"}]}]},
    "/api/v1/namespaces/kube-system": {"metadata": {"uid": "00000000-0000-0000-0000-00000000000d"}},
}


def node(number: int) -> Json:
    """A node as a kubelet tells of it, images left out."""
    condition = {"status": "True", "lastHeartbeatTime": SINCE, "lastTransitionTime": SINCE}
    amounts = {"cpu": "32", "memory": "131072000Ki", "pods": "110", "ephemeral-storage": "95Gi"}
    return {
        "metadata": _meta(f"node-{number}", number, "", {"topology.kubernetes.io/zone": "a"}),
        "spec": {"podCIDR": "10.0.0.0/24", "providerID": f"cloud:///zone/i-{number:017x}"},
        "status": {
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": [{"type": "Ready", "reason": "KubeletReady", **condition}],
            "nodeInfo": {"kubeletVersion": "v1.37.2", "architecture": "amd64"},
        },
    }


def pod(number: int, nodes: int, version: int = 0) -> Json:
    """A running pod of two containers."""
    name, app = f"web-{number // 50:05d}-{number:06x}", f"app-{number // 50}"
    condition = {"status": "True", "lastProbeTime": None, "lastTransitionTime": SINCE}
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "metadata": _meta(name, number, f"team-{number % 200}", {"app": app}, version)
        | {"ownerReferences": [_owner(number)]},
        "spec": {
            "containers": [_container("app", "250m", "512Mi"), _container("proxy", "50m", "64Mi")],
            "nodeName": f"node-{number % nodes}",
            "serviceAccountName": "default",
            "schedulerName": "default-scheduler",
            "restartPolicy": "Always",
            "priority": 0,
            "tolerations": [
                {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute"}
                for why in ("not-ready", "unreachable")
            ],
            "volumes": [
                {"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": []}}
            ],
        },
        "status": {
            "phase": "Running",
            "hostIP": "10.1.2.3",
            "podIP": "10.0.0.17",
            "startTime": SINCE,
            "qosClass": "Burstable",
            "conditions": [{"type": kind, **condition} for kind in kinds],
            "containerStatuses": [_status("app"), _status("proxy")],
        },
    }


def _meta(name: str, number: int, namespace: str, labels: dict[str, str], version: int = 0) -> Json:
    fields: Json = {f"f:field-{each}": {".": {}, "f:name": {}, "f:value": {}} for each in range(24)}
    managers = ("kube-controller-manager", "kubelet")
    return {
        "name": name,
        "uid": f"{number:08x}-0000-4000-8000-{number:012x}",
        "resourceVersion": str(version or number + 1),
        "creationTimestamp": SINCE,
        "labels": {**labels, "pod-template-hash": f"{number:010x}"},
        "annotations": {"checksum/config": f"{number:064x}"},
        "managedFields": [
            {
                "manager": manager,
                "operation": "Update",
                "time": SINCE,
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": fields},
            }
            for manager in managers
        ],
    } | ({"namespace": namespace} if namespace else {})


def _owner(number: int) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"web-{number // 50:05d}",
        "uid": f"{number // 50:08x}-0000-4000-9000-000000000000",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _container(name: str, cpu: str, memory: str) -> Json:
    probe = {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10}
    return {
        "name": name,
        "image": f"registry.example/team/{name}@sha256:{'0123456789abcdef' * 4}",
        "args": [f"--flag-{each}=some value of a usual length" for each in range(6)],
        "env": [
            {"name": f"SETTING_{each}", "value": "postgres://db.example:5432/orders"}
            for each in range(10)
        ],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "volumeMounts": [
            {"name": "kube-api-access", "readOnly": True, "mountPath": "/var/run/secrets"}
        ],
    }


def _status(name: str) -> Json:
    return {
        "name": name,
        "ready": True,
        "started": True,
        "restartCount": 0,
        "image": f"registry.example/team/{name}",
        "imageID": f"registry.example/team/{name}@sha256:{'0123456789abcdef' * 4}",
        "containerID": f"containerd://{'fedcba9876543210' * 4}",
        "state": {"running": {"startedAt": SINCE}},
        "lastState": {},
    }


@dataclass
class Pages:
    """The application. Pages are made and compressed before it serves."""

    nodes: int
    pods: int
    _pages: dict[str, list[bytes]] = field(default_factory=dict)
    _changes: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._pages = {
            NODES: list(_compressed(self.nodes, node)),
            PODS: list(_compressed(self.pods, lambda each: pod(each, self.nodes))),
            **{path: list(_compressed(0, node)) for path in EMPTY},
        }

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        path, query = scope["path"], parse_qs(scope["query_string"].decode())
        if path == CHANGES:
            self._changes += int(query["count"][0])
            self._changed.set()
            self._changed = asyncio.Event()
            await _answer(send, b"{}")
        elif path == "/readyz":
            await _answer(send, b"[+]ping ok\n[+]etcd ok\n")
        elif path == "/metrics":
            await _answer(send, b"process_start_time_seconds 1.7e9\n")
        elif path in FACTS:
            await _answer(send, json.dumps(FACTS[path]).encode())
        elif "sendInitialEvents" in query:  # so that it is listed, page by page
            await _answer(send, b'{"kind":"Status","reason":"Invalid"}', 422)
        elif "watch" in query and path in self._pages:
            await self._watch(path, send)
        elif path in self._pages:
            page = int(query.get("continue", ["0"])[0])
            await _answer(send, self._pages[path][page], 200, b"gzip")
        else:
            await _answer(send, b'{"kind":"Status","reason":"NotFound"}', 404)

    async def _watch(self, path: str, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async for piece in self._told(path):
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _told(self, path: str) -> AsyncIterator[bytes]:
        """Changes of pods since the watch began; of all else there are none."""
        yield b""
        told = self._changes
        while True:
            changed = self._changed
            while path == PODS and told < self._changes:
                told += 1
                each = pod(told % self.pods, self.nodes, LIST_VERSION + told)
                yield json.dumps({"type": "MODIFIED", "object": each}).encode() + b"\n"
            await changed.wait()


def _compressed(count: int, make: Callable[[int], Json]) -> Iterator[bytes]:
    for begin in range(0, max(count, 1), PAGE):
        items = [make(each) for each in range(begin, min(begin + PAGE, count))]
        meta: Json = {"resourceVersion": str(LIST_VERSION)}
        if begin + PAGE < count:
            meta["continue"] = str(begin // PAGE + 1)
        body = json.dumps({"metadata": meta, "items": items}, separators=(",", ":")).encode()
        yield gzip.compress(body, 1)


async def _answer(
    send: Send, body: bytes, status: int = 200, encoding: bytes | None = None
) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    headers += [] if encoding is None else [(b"content-encoding", encoding)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    serve(Pages(int(sys.argv[2]), int(sys.argv[3])), int(sys.argv[1]))
