"""A real workflow controller, in a control plane where kwok plays the kubelets."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.servers import cache_folder, die_with_parent, free_ports, wait_for
from tests.live.kubernetes.cluster import STOP_S, Cluster

__all__ = ["Argo", "programs"]

FILES = ("workflow-controller", "argo", "crds.yaml")
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/{}/workflows"
START_S = 120.0
LABEL = "workflows.argoproj.io/workflow"


def programs() -> Path | None:
    """The folder that `make argo` fills, or None where it is not complete.

    `WOA_ARGO` names another of the cache: `argo-older`.
    """
    folder = cache_folder() / os.environ.get("WOA_ARGO", "argo")
    return folder if all((folder / name).is_file() for name in FILES) else None


class Argo:
    """One controller with the settings of `limits`; its pods are run by kwok until `end_pods`."""

    def __init__(self, cluster: Cluster, programs: Path, limits: dict[str, str]) -> None:
        self.cluster = cluster
        self.programs = programs
        self.metrics_port, self.health_port = free_ports(2)
        self.metrics_url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def install(self) -> None:
        """Kinds, namespace and settings."""
        for body in yaml.safe_load_all((self.programs / "crds.yaml").read_text()):
            if body:
                self.cluster.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
        self.cluster.create_namespace("argo")
        metrics = f"enabled: true\npath: /metrics\nport: {self.metrics_port}\nsecure: false\n"
        name = {"name": "workflow-controller-configmap"}
        data = {"metricsConfig": metrics, **self._limits}
        self.cluster.create("/api/v1/namespaces/argo/configmaps", {"metadata": name, "data": data})

    def start(self) -> None:
        """Start the controller; returns when it leads."""
        command = [str(self.programs / "workflow-controller"), "--loglevel=info"]
        flags = ["--kubeconfig", str(self.cluster.kubeconfig), "--executor-image=none"]
        flags += ["--namespace=argo"]
        more = {
            "LEADER_ELECTION_IDENTITY": "controller-a",
            "DEFAULT_REQUEUE_TIME": "1s",
            "TASK_RESULT_TIMEOUT_DURATION": "1s",
            "HEALTHZ_PORT": str(self.health_port),
        }
        self._process = self._run([*command, *flags], "argo.log", more)
        wait_for(self.leads, START_S, "the workflow controller leads")

    def serve(self) -> str:
        """Start Argo's own server; its address, when it answers."""
        (port,) = free_ports(1)
        url = f"http://127.0.0.1:{port}"
        command = [str(self.programs / "argo"), "server", f"--port={port}", "--namespace=argo"]
        flags = ["--auth-mode=server", "--secure=false", "--browser=false"]
        config = ["--kubeconfig", str(self.cluster.kubeconfig)]
        self._server = self._run([*command, *flags, *config], "argo-server.log", {})
        wait_for(lambda: answers(f"{url}/api/v1/version"), START_S, "Argo's server answers")
        return url

    def stop(self, kill: bool = False) -> None:
        """End the controller, by SIGKILL where `kill` is set, and the server."""
        end(self._process, kill)
        self._process = None
        self.stop_serving()

    def stop_serving(self) -> None:
        """End the server. Safe to call twice."""
        end(self._server)
        self._server = None

    def _run(self, command: list[str], log: str, more: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.cluster.folder / log).open("ab") as output:
            return subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **more},
                cwd=self.cluster.folder,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )

    def leads(self) -> bool:
        """Whether its own metrics say that it leads; raises when it has ended."""
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"workflow-controller ended: see {self.cluster.folder}/argo.log")
        try:
            text = httpx.get(self.metrics_url, timeout=5, trust_env=False).text
        except httpx.HTTPError:
            return False
        return "argo_workflows_is_leader" in text and "argo_workflows_is_leader{} 0" not in text

    def submit(self, namespace: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        """Create a workflow, as `kubectl create` does."""
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": name},
            "spec": {"serviceAccountName": "default", **spec},
        }
        return self.cluster.create(WORKFLOWS.format(namespace), body)

    def version(self) -> str:
        """As Argo's own command line says, e.g. `v4.0.5+unknown`."""
        command = [str(self.programs / "argo"), "version", "--short"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.split()[-1]

    def listed(self, namespace: str) -> list[dict[str, Any]]:
        """What Argo's own command line says of the workflows of a namespace."""
        command = [str(self.programs / "argo"), "list", "-n", namespace, "-o", "json"]
        done = subprocess.run(
            [*command, "--kubeconfig", str(self.cluster.kubeconfig)],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        found: list[dict[str, Any]] = json.loads(done.stdout) or []
        return found

    def end_pods(self, namespace: str, *, well: bool = True, workflows: str = LABEL) -> int:
        """Play the kubelet: end the pods that run, with exit code 0 or 1; how many there were.

        `workflows` is a selector of their labels.
        """
        path = f"/api/v1/namespaces/{namespace}/pods"
        found = self.cluster.items(f"{path}?labelSelector={workflows}")
        running = [each for each in found if each["status"].get("phase") == "Running"]
        with self.cluster.client() as client:
            for pod in running:
                answer = client.patch(
                    f"{path}/{pod['metadata']['name']}/status",
                    json={"status": ended(pod, well)},
                    headers={"Content-Type": "application/merge-patch+json"},
                )
                answer.raise_for_status()
        return len(running)


def end(process: subprocess.Popen[bytes] | None, kill: bool = False) -> None:
    """End it, if it runs."""
    if process is None:
        return
    if kill:
        process.kill()
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Whether somebody does, and well."""
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def ended(pod: dict[str, Any], well: bool) -> dict[str, Any]:
    """The status of a pod that has ended."""
    over = {"exitCode": 0 if well else 1, "reason": "Completed" if well else "Error"}
    names = [each["name"] for each in pod["spec"]["containers"]]
    containers = [
        {"name": name, "image": "none", "imageID": "", "ready": False, "restartCount": 0}
        | {"state": {"terminated": over}}
        for name in names
    ]
    return {"phase": "Succeeded" if well else "Failed", "containerStatuses": containers}
