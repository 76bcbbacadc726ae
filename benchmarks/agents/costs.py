"""What each agent costs itself and what it watches: CPU, memory, calls and bytes of a scrape.

Each runs in a process of its own. Kubernetes: 5,000 nodes and 150,000 pods from prepared pages,
and the same list by the official client beside it. Airflow: 10,000 DAGs and 100,000 task instances
of a day; Prefect: 240,000 runs of a day, both by the tests' servers. Temporal: 100 task queues of
a real server. `first` is the first scrape, of which the others are spared most. Goals: the first
of Kubernetes under 15 CPU-s and 400 MB, `cpu_ratio_to_official_client` at most 0.02.

`real` of each agent is the same of a real server: Kubernetes with 500 nodes and 10,000 pods that
kwok plays, of the others the tests' small servers. Null where it was not built, with the reason.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client

from benchmarks.agents.real import REAL, UNHURRIED, NotThereError
from benchmarks.agents.serving import serving
from benchmarks.servers import cache_folder
from tests.live.temporal.server import TemporalServer
from tests.live.temporal.watch import start

__all__ = ["configure", "run"]

Figures = dict[str, Any]
OFFICIAL_PODS = 5_000
TASK_QUEUES = 100
NO_STATE_METRICS = "its Go module is not served here"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--only", choices=sorted(PARTS | REAL), help="one agent")
    parser.add_argument(
        "--servers", choices=("all", "prepared", "real"), default="all", help="which are asked"
    )
    parser.add_argument("--real-nodes", type=int, default=500, help="of the real cluster")
    parser.add_argument("--real-pods", type=int, default=10_000, help="of the real cluster")
    parser.add_argument("--nodes", type=int, default=5_000, help="of the Kubernetes cluster")
    parser.add_argument("--pods", type=int, default=150_000, help="of the Kubernetes cluster")


def run(arguments: argparse.Namespace) -> Figures:
    """The figures, by agent."""
    names = [arguments.only] if arguments.only is not None else list(PARTS | REAL)
    found: Figures = {name: {} for name in names}
    for name in names:
        if name in PARTS and arguments.servers != "real":
            print(f"== {name}", file=sys.stderr)
            found[name] |= PARTS[name](arguments)
        if arguments.servers != "prepared":
            print(f"== {name}, real", file=sys.stderr)
            found[name] |= _real(name, arguments)
    return found


def _real(name: str, arguments: argparse.Namespace) -> Figures:
    try:
        with REAL[name](arguments.real_nodes, arguments.real_pods) as settings:
            return {"real": _measured(settings, None)}
    except NotThereError as error:
        return {"real": None, "real_reason": f"it was not built: {error}"}


def _kubernetes(arguments: argparse.Namespace) -> Figures:
    settings = {"type": "kubernetes", "timeout_s": 900, "call_timeout_s": 60}
    sizes = (str(arguments.nodes), str(arguments.pods))
    with serving("benchmarks.agents.cluster_pages", *sizes) as url:
        figures = _measured(settings | {"api_url": url}, url)
        official = _official(url, min(OFFICIAL_PODS, arguments.pods))
    ours_us = figures["first_cpu_ms"] * 1000 / arguments.pods
    ratio = None if official is None else round(ours_us / official, 4)
    return figures | {
        "first_cpu_us_per_pod": round(ours_us, 1),
        "official_client_cpu_us_per_pod": official,
        "cpu_ratio_to_official_client": ratio,
        "cpu_ratio_to_kube_state_metrics": None,
        "cpu_ratio_to_kube_state_metrics_reason": NO_STATE_METRICS,
    }


def _official(url: str, pods: int) -> float | None:
    """CPU microseconds per pod; None, with the reason on standard error, where it is not there."""
    python = cache_folder() / "peers" / "kubernetes" / "bin" / "python"
    if not python.exists():
        print("the official client is not there: make peers", file=sys.stderr)
        return None
    program = Path(__file__).with_name("official_client.py")
    told: dict[str, float] = json.loads(_output([str(python), str(program), url, str(pods)]))
    return round(told["cpu_s"] / told["pods"] * 1e6, 1)


def _airflow(_: argparse.Namespace) -> Figures:
    account = {"username": "woa", "password": "secret"}
    with serving("benchmarks.agents.simulated", "airflow") as url:
        return _measured({"type": "airflow", "base_url": url, **UNHURRIED, **account}, url)


def _prefect(_: argparse.Namespace) -> Figures:
    with serving("benchmarks.agents.simulated", "prefect") as url:
        return _measured({"type": "prefect", "api_url": f"{url}/api", **UNHURRIED}, url)


def _temporal(_: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        server = TemporalServer(Path(folder))
        try:
            server.start()
            asyncio.run(_fill(server))
            settings = {"type": "temporal", "address": server.address, "timeout_s": 60}
            settings |= {"metrics_urls": [server.metrics_url], "describe_calls_per_s": 1000}
            return _measured(settings, None)
        finally:
            server.stop()


async def _fill(server: TemporalServer) -> None:
    """One workflow that waits in each of the task queues."""
    client = await Client.connect(server.address)
    for number in range(TASK_QUEUES):
        await start(client, "Quick", f"queue-{number}", 1)


def _measured(settings: Figures, server: str | None) -> Figures:
    given = json.dumps(settings | {"instance_id": "benchmark"})
    more = [] if server is None else [server]
    command = [sys.executable, "-m", "benchmarks.agents.measured", given, *more]
    found: Figures = json.loads(_output(command))
    return found


def _output(command: list[str]) -> str:
    """What a program prints on standard output; its errors are shown. Raises `SystemExit`."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ended with {done.returncode}")
    return done.stdout


PARTS = {
    "kubernetes": _kubernetes,
    "airflow": _airflow,
    "prefect": _prefect,
    "temporal": _temporal,
}
