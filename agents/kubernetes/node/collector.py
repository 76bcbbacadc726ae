"""The collector: the kubelet's summary each time, the node's own object now and then."""

import os
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import httpx

from agents.calls import verdict
from agents.collector import (
    BadResponseError,
    CollectorConfig,
    CollectorError,
    UsageBatch,
    UsageCollector,
)
from agents.http_api import ERRORS, HttpApi
from agents.kube.credentials import Access, access
from agents.kubernetes.node.config import NodeConfig
from agents.kubernetes.node.traffic import TrafficMeter
from agents.kubernetes.node.translate import Reading, outage, translate
from agents.kubernetes.node.wire import NodeObject, Summary
from agents.missing import Missing
from contracts.orchestrator import OrchestratorType

__all__ = ["NodeCollector"]

ADDRESSES = ("InternalIP", "InternalDNS", "Hostname", "ExternalIP")
"""Those of a node, the one that a pod on it reaches for sure first."""

KUBELET_PORT = 10250


@dataclass(frozen=True)
class Connection:
    """Made by the first scrape."""

    api: HttpApi
    kubelet: HttpApi


class NodeCollector(UsageCollector[NodeConfig]):
    """Reads one node. `reach` and `transport` are for tests."""

    orchestrator_type: ClassVar[OrchestratorType] = OrchestratorType.KUBERNETES
    config_model: ClassVar[type[CollectorConfig]] = NodeConfig

    def __init__(
        self,
        config: NodeConfig,
        reach: Access | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        self._name = config.node_name or os.environ.get("NODE_NAME", "")
        self._reach = reach
        self._transport = transport
        self._clock = clock
        self._connection: Connection | None = None
        self._node: NodeObject | None = None
        self._node_until: datetime | None = None
        self._meter = TrafficMeter()

    async def collect(self, now: datetime) -> UsageBatch:
        """See `Reader.collect`."""
        begun = self._clock()
        connection = self._begin(now)
        kubelet = connection.kubelet
        node = await self._read_node(connection.api, now)
        address = self._kubelet_address(node)
        summary = await kubelet.get("summary", f"{address}/stats/summary", Summary)
        if isinstance(summary, Missing):
            raise verdict([e for e in kubelet.log.failures if e.source == "summary"], ERRORS)
        if summary.node.node_name != self._name:
            raise BadResponseError(f"{address} is the kubelet of {summary.node.node_name!r}")
        reading = Reading(
            now=now,
            at=kubelet.server_now(),
            node=node,
            stats=summary.node,
            traffic=self._meter.read(summary.node),
            log=kubelet.log,
            took_ms=(self._clock() - begun) * 1000,
        )
        return translate(reading, self.config, self.orchestrator_id)

    def outage(self, code: str, reason: str, now: datetime) -> UsageBatch | None:
        """See `UsageCollector.outage`."""
        if self._node is None:
            return None
        told = f"{code}: {reason}"
        return outage(self._node, self.config, self.orchestrator_id, told, now)

    async def aclose(self) -> None:
        if self._connection is not None:
            await self._connection.api.aclose()
            await self._connection.kubelet.aclose()

    def _begin(self, now: datetime) -> Connection:
        if not self._name:
            raise CollectorError("node_name is not set, nor the environment variable NODE_NAME")
        if self._connection is None:
            reach = self._reach or access(self.config)
            api = self._client(reach, reach.trust, reach.url)
            kubelet = self._client(reach, self._kubelet_trust(reach))
            self._connection = Connection(HttpApi(self.config, api), HttpApi(self.config, kubelet))
        self._connection.api.begin(now)
        self._connection.kubelet.begin(now)
        self._connection.kubelet.log = self._connection.api.log
        return self._connection

    def _client(
        self, reach: Access, trust: ssl.SSLContext | bool, url: str = ""
    ) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=url,
            auth=reach.auth,
            verify=trust,
            transport=self._transport,
            timeout=self.config.call_timeout_s,
            headers={"User-Agent": "woa-kubernetes-node-agent", "Accept": "application/json"},
            trust_env=False,
        )

    def _kubelet_trust(self, reach: Access) -> ssl.SSLContext | bool:
        if not self.config.kubelet_verify:
            return False
        if self.config.kubelet_ca_file is None:
            return reach.trust
        try:
            return ssl.create_default_context(cafile=self.config.kubelet_ca_file)
        except OSError as error:  # ssl.SSLError is one
            where = self.config.kubelet_ca_file
            raise CollectorError(f"kubelet_ca_file {where}: {error}") from error

    async def _read_node(self, api: HttpApi, now: datetime) -> NodeObject:
        """What is known of it outlives an API server that is away. Raises `CollectorError`."""
        if self._node is None or self._node_until is None or now >= self._node_until:
            found = await api.get("node", f"/api/v1/nodes/{self._name}", NodeObject)
            if isinstance(found, NodeObject):
                self._node = found
                self._node_until = now + timedelta(seconds=self.config.facts_interval_s)
        if self._node is None:
            raise verdict(api.log.failures, ERRORS)
        return self._node

    def _kubelet_address(self, node: NodeObject) -> str:
        if self.config.kubelet_url is not None:
            return str(self.config.kubelet_url).rstrip("/")
        known = {each.type: each.address for each in node.status.addresses}
        host = next((known[kind] for kind in ADDRESSES if kind in known), None)
        if host is None:
            raise BadResponseError("the node's object tells no address: set kubelet_url")
        port = node.status.daemon_endpoints.kubelet_endpoint.Port or KUBELET_PORT
        return f"https://{f'[{host}]' if ':' in host else host}:{port}"
