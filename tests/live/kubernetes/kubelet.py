"""A real kubelet beside the control plane, with a container runtime that runs nothing.

It runs in a user and a mount namespace of its own, where it can change neither the machine's
kernel settings nor its files; what it measures is this machine.
"""

import json
import os
import subprocess
from typing import Any

import httpx

from benchmarks.servers import die_with_parent, free_ports, wait_for
from tests.live.kubernetes.cluster import START_S, STOP_S, Cluster

__all__ = ["FILES", "Kubelet", "lacking"]

FILES = ("kubelet", "runtime")
HOME = "/var/lib/kubelet"
INSIDE = (
    "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && "
    f"mount -t tmpfs -o size=64m woa /var/lib && mkdir {HOME} && "
    'exec setpriv --pdeathsig KILL "$@"'
)
UNSHARED = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", INSIDE, "sh")


def lacking() -> str | None:
    """What of the machine a kubelet needs is not there."""
    try:
        subprocess.run([*UNSHARED, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no user namespace with mounts of its own: {error}"
    return None


class Kubelet:
    """One node of the cluster: ready when `start` returns, and it has taken samples."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self.folder = cluster.folder / name
        (self.port,) = free_ports(1)
        self.url = f"https://127.0.0.1:{self.port}"
        self._cluster = cluster
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Starts it, again too; returns when it tells the use of CPU."""
        self.folder.mkdir(exist_ok=True)
        endpoint = f"unix://{self.folder}/runtime.sock"
        config = self.folder / "config.json"
        config.write_text(json.dumps(self._config(endpoint)))
        programs = self._cluster.programs
        self._run("runtime", [str(programs / "runtime"), endpoint, "/var/lib"])
        flags = [
            f"--config={config}",
            f"--kubeconfig={self._cluster.kubeconfig}",
            f"--root-dir={HOME}",
            f"--hostname-override={self.name}",
        ]
        self._run("kubelet", [*UNSHARED, str(programs / "kubelet"), *flags])
        wait_for(self.measures, START_S, f"the kubelet of {self.name} measures")
        wait_for(self.is_ready, START_S, f"the node {self.name} is ready")

    def stop(self) -> None:
        """Ends it."""
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def said(self) -> str:
        """The end of its log."""
        log = self.folder / "kubelet.log"
        return "\n".join(log.read_text().splitlines()[-5:]) if log.is_file() else ""

    def measures(self) -> bool:
        """Whether two samples of it tell a use; raises when it has ended."""
        kubelet = self._running[-1]
        if kubelet.poll() is not None:
            raise RuntimeError(f"the kubelet ended with {kubelet.returncode}: see its log")
        try:
            return bool(self.summary()["node"]["cpu"]["usageNanoCores"])
        except (httpx.HTTPError, KeyError):
            return False

    def is_ready(self) -> bool:
        """Whether the API server knows the node as ready."""
        status = self.node()["status"]
        return "True" in [c["status"] for c in status["conditions"] if c["type"] == "Ready"]

    def node(self) -> dict[str, Any]:
        """Its object."""
        nodes = self._cluster.items("/api/v1/nodes")
        (found,) = [each for each in nodes if each["metadata"]["name"] == self.name]
        return found

    def summary(self) -> dict[str, Any]:
        """What it tells an administrator; the oracle of tests."""
        with self._cluster.client() as client:
            answer = client.get(f"{self.url}/stats/summary")
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def _run(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"]},
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )
        self._running.append(process)

    def _config(self, endpoint: str) -> dict[str, Any]:
        """Whoever asks is asked about at the API server, as everywhere."""
        cluster, here = self._cluster.folder, self.folder
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "127.0.0.1",
            "port": self.port,
            "healthzPort": 0,
            "tlsCertFile": str(cluster / "tls.crt"),
            "tlsPrivateKeyFile": str(cluster / "tls.key"),
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
            "authorization": {"mode": "Webhook"},
            "featureGates": {"KubeletInUserNamespace": True},
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "failCgroupV1": False,
            "makeIPTablesUtilChains": False,
            "containerRuntimeEndpoint": endpoint,
            "podLogsDir": str(here / "logs"),
            "volumePluginDir": str(here / "plugins"),
            "resolvConf": "",
            "registerWithTaints": [{"key": "woa", "value": "bare", "effect": "NoSchedule"}],
        }
