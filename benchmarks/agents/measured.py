"""One agent in a process of its own: `python -m benchmarks.agents.measured SETTINGS [SERVER]`.

SETTINGS is an entry of `agents:` as JSON. SERVER is one of our own, which counts what it sends;
of another what comes is counted here, and of one that speaks gRPC the bytes stay unknown.
Prints one JSON object: the first scrape, the median of those after it, the largest memory, and of
what is watched the cost of a change.
"""

import asyncio
import json
import re
import resource
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from agents.collector import Batch, CollectorConfig, Reader
from agents.kubernetes import KubernetesCollector
from agents.registry import make_collector
from benchmarks.agents.serving import CHANGES, SENT

SCRAPES = 9
COUNT = 20_000
LIMIT_S = 600.0
STATUS = Path("/proc/self/status")

Figures = dict[str, float | None]


async def measured(settings: Mapping[str, Any], server: str | None) -> Figures:
    """CPU is of this process, user and system; bytes are those of bodies, as they were sent."""
    collector = make_collector(settings)
    received = None if server is not None or settings["type"] == "temporal" else count_bodies()
    before_mb = peak_mb()
    async with collector, httpx.AsyncClient(base_url=server or "", trust_env=False) as http:
        first, first_s = await scrape(collector)
        first_bytes = received.count if received else await sent(http, server)
        cpu_ms: list[float] = []
        for _ in range(SCRAPES):
            last, took_s = await scrape(collector)
            cpu_ms.append(took_s * 1000)
        bytes_after = received.count if received else await sent(http, server)
        figures: Figures = {
            "first_cpu_ms": round(first_s * 1000, 1),
            "first_calls": calls_of(first),
            "first_bytes": first_bytes,
            "scrape_cpu_ms": round(median(cpu_ms), 1),
            "scrape_calls": calls_of(last),
            "scrape_bytes": None
            if first_bytes is None or bytes_after is None
            else round((bytes_after - first_bytes) / SCRAPES),
        }
        if isinstance(collector, KubernetesCollector):
            figures |= {name: len(collector.informers[name].objects) for name in ("nodes", "pods")}
            figures |= {} if server is None else await changes(collector, http)
    peak = {"imports_rss_mb": round(before_mb, 1), "peak_rss_mb": round(peak_mb(), 1)}
    return figures | peak


async def scrape(collector: Reader[CollectorConfig]) -> tuple[Batch, float]:
    """A record, and the CPU seconds that it took. Raises `SystemExit` where a call failed."""
    begun_s = cpu_s()
    batch = await collector.collect(datetime.now(UTC))
    took_s = cpu_s() - begun_s
    if not isinstance(batch, Batch):
        raise SystemExit("an agent of one worker is not measured here")
    if batch.orchestrator.health.errors:
        raise SystemExit(f"a call failed: {batch.orchestrator.health.errors}")
    return batch, took_s


async def changes(collector: KubernetesCollector, http: httpx.AsyncClient) -> Figures:
    """What it costs to hear of a change of a pod."""
    pods = collector.informers["pods"]
    begun_s, last = cpu_s(), int(pods.version or 0) + COUNT
    (await http.post(CHANGES, params={"count": COUNT})).raise_for_status()
    async with asyncio.timeout(LIMIT_S):
        while int(pods.version or 0) < last:  # noqa: ASYNC110 - it sets no event for a version
            await asyncio.sleep(0.05)
    return {"change_cpu_us": round((cpu_s() - begun_s) / COUNT * 1e6, 1)}


@dataclass
class Received:
    """Bytes of bodies, as they came."""

    count: int = 0


@dataclass
class Counted(httpx.AsyncByteStream):
    """A body that counts itself."""

    inner: httpx.AsyncByteStream
    received: Received

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self.inner:
            self.received.count += len(piece)
            yield piece

    async def aclose(self) -> None:
        await self.inner.aclose()


def count_bodies() -> Received:
    """Of every answer that comes to this process by HTTP from now on."""
    received, handle = Received(), httpx.AsyncHTTPTransport.handle_async_request

    async def counted(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        response = await handle(self, request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = Counted(response.stream, received)
        return response

    httpx.AsyncHTTPTransport.handle_async_request = counted  # type: ignore[method-assign]
    return received


def cpu_s() -> float:
    """User and system time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """The most that it ever had in memory. `ru_maxrss` would count what began it as well."""
    (line,) = re.findall(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    return int(line) / 1024


def calls_of(batch: Batch) -> int:
    """As its record tells them."""
    return batch.orchestrator.metadata.source.calls


async def sent(http: httpx.AsyncClient, server: str | None) -> int | None:
    """Bytes of bodies that the server has sent to anybody."""
    if server is None:
        return None
    return int((await http.get(SENT)).json()["bytes"])


if __name__ == "__main__":
    given = [*sys.argv[1:], None]
    print(json.dumps(asyncio.run(measured(json.loads(str(given[0])), given[1]))))
