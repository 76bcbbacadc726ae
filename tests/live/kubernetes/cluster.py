"""A real Kubernetes control plane on loopback, with kwok in the place of kubelets."""

import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx

from benchmarks.servers import cache_folder, die_with_parent, free_ports, wait_for

NEEDED = ("etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager", "kwok")
FILES = (*NEEDED, "stages.yaml")
START_S = 180.0
STOP_S = 10.0
ADMIN = "admin-token"


def programs() -> Path | None:
    """The folder that `make kubernetes` fills, or None where it is not complete."""
    folder = cache_folder() / "kubernetes"
    return folder if all((folder / name).is_file() for name in FILES) else None


def make_certificates(folder: Path) -> None:
    """A self-signed certificate for 127.0.0.1 and a key that signs service account tokens."""
    certificate = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    files = ["-keyout", "tls.key", "-out", "tls.crt", "-addext", names]
    key = ["openssl", "genrsa", "-out", "accounts.key", "2048"]
    for command in (["openssl", *certificate.split(), *files], key):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


class Cluster:
    """etcd, apiserver, scheduler, controller manager and kwok, each on a port of its own.

    `tokens` maps further bearer tokens to user names, which have no rights until RBAC gives them.
    """

    def __init__(self, folder: Path, programs: Path, tokens: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.ports = free_ports(6)
        self.programs = programs
        self.url = f"https://127.0.0.1:{self.ports[0]}"
        self.scheduler_url, self.manager_url = (
            f"https://127.0.0.1:{port}" for port in self.ports[3:5]
        )
        self.ca_file = folder / "tls.crt"
        self.kubeconfig = folder / "kubeconfig.json"
        self._tokens = tokens or {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Starts everything; returns when the apiserver is ready."""
        self._prepare()
        for name in NEEDED[:2]:
            self.start_program(name)
        wait_for(self.ready, START_S, "the apiserver is ready")
        for name in NEEDED[2:]:
            self.start_program(name)

    def stop(self) -> None:
        """Ends everything that runs, the last started first."""
        for name in reversed(list(self._running)):
            self.stop_program(name)

    def start_program(self, name: str) -> None:
        """Starts one of NEEDED again; its output goes to `<name>.log` in the folder."""
        command = [str(self.programs / name), *self._flags(name)]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )

    def stop_program(self, name: str, kill: bool = False) -> None:
        """Ends one program: by SIGTERM, or by SIGKILL when `kill` is set or it hangs."""
        process = self._running.pop(name)
        if kill:
            process.kill()
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def ready(self) -> bool:
        """Whether /readyz answers ok; raises when the apiserver has ended."""
        server = self._running["kube-apiserver"]
        if server.poll() is not None:
            raise RuntimeError(f"kube-apiserver ended with {server.returncode}: see its log")
        try:
            with self.client() as client:
                return client.get("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def client(self, token: str = ADMIN) -> httpx.Client:
        """A client of the raw API with the rights of `token`; the oracle of tests."""
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=self.url, headers=headers, verify=self.trust(), timeout=30, trust_env=False
        )

    def trust(self) -> ssl.SSLContext:
        """What a client of its API trusts."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Posts one object, e.g. to `/api/v1/nodes`; returns what the server stored."""
        with self.client() as client:
            answer = client.post(path, json=body)
        answer.raise_for_status()
        stored: dict[str, Any] = answer.json()
        return stored

    def items(self, path: str) -> list[dict[str, Any]]:
        """The objects of one unpaged list."""
        with self.client() as client:
            answer = client.get(path)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def create_node(
        self, name: str, cpu: str = "4", memory: str = "8388608Ki", pods: str = "110"
    ) -> None:
        """A node that kwok keeps Ready."""
        amounts = {"cpu": cpu, "memory": memory, "pods": pods}
        metadata = {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}}
        status = {"allocatable": amounts, "capacity": amounts}
        self.create("/api/v1/nodes", {"metadata": metadata, "status": status})

    def create_namespace(self, name: str) -> None:
        self.create("/api/v1/namespaces", {"metadata": {"name": name}})

    def create_deployment(
        self, namespace: str, name: str, replicas: int, cpu: str = "100m"
    ) -> None:
        """A Deployment whose pods each ask for `cpu`."""
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container(cpu)]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        self.create(path, {"metadata": {"name": name}, "spec": spec})

    def create_job(
        self, namespace: str, name: str, completions: int = 1, cpu: str = "100m"
    ) -> None:
        """A Job whose pods each ask for `cpu`; kwok completes them."""
        pod = {"containers": [container(cpu)], "restartPolicy": "Never"}
        spec = {"completions": completions, "parallelism": completions, "template": {"spec": pod}}
        path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self.create(path, {"metadata": {"name": name}, "spec": spec})

    def _prepare(self) -> None:
        if self.kubeconfig.exists():
            return
        make_certificates(self.folder)
        lines = [f'{ADMIN},admin,admin,"system:masters"']
        lines += [f"{token},{user},{user}" for token, user in self._tokens.items()]
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        self.kubeconfig.write_text(json.dumps(self._config()))

    def _config(self) -> dict[str, Any]:
        server = {"server": self.url, "certificate-authority": str(self.ca_file)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "live",
            "clusters": [{"name": "live", "cluster": server}],
            "users": [{"name": "admin", "user": {"token": ADMIN}}],
            "contexts": [{"name": "live", "context": {"cluster": "live", "user": "admin"}}],
        }

    def _flags(self, name: str) -> list[str]:
        api, _, _, scheduler, manager, kwok = self.ports
        client, peer = (f"http://127.0.0.1:{port}" for port in self.ports[1:3])
        if name == "etcd":
            return etcd_flags(client, peer)
        if name == "kube-apiserver":
            return apiserver_flags(api, client)
        if name == "kwok":
            return kwok_flags(self.kubeconfig, kwok, self.programs / "stages.yaml")
        port = scheduler if name == "kube-scheduler" else manager
        return component_flags(name, self.kubeconfig, port)


def container(cpu: str) -> dict[str, Any]:
    return {"name": "main", "image": "none", "resources": {"requests": {"cpu": cpu}}}


def etcd_flags(client: str, peer: str) -> list[str]:
    urls = [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
    peers = [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"]
    cluster = f"--initial-cluster=default={peer}"
    return ["--data-dir=etcd-data", "--unsafe-no-fsync", *urls, *peers, cluster]


def apiserver_flags(port: int, etcd: str) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--tls-cert-file=tls.crt",
        "--tls-private-key-file=tls.key",
        "--client-ca-file=tls.crt",
        "--service-account-key-file=accounts.key",
        "--service-account-signing-key-file=accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--token-auth-file=tokens.csv",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
    ]


def component_flags(name: str, kubeconfig: Path, port: int) -> list[str]:
    """Flags of the scheduler and the controller manager, which serve metrics on `port`."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={name}-certs",
    ]


def kwok_flags(kubeconfig: Path, port: int, stages: Path) -> list[str]:
    return [
        f"--config={stages}",
        f"--kubeconfig={kubeconfig}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-ip=127.0.0.1",
        f"--server-address=127.0.0.1:{port}",
        "--node-lease-duration-seconds=40",
    ]
