"""The part of `woa doctor` that reads every configured orchestrator."""

import asyncio
import os
from collections.abc import Iterator, Mapping

from agents.collector import (
    BadResponseError,
    Batch,
    CollectorConfig,
    CollectorError,
    NothingNewError,
    Reader,
    UnauthorizedError,
    UnreachableError,
    UnsupportedVersionError,
    UsageBatch,
)
from agents.registry import ConfigError, make_collector, readme_of
from cli.check import Check, Gap
from cli.discovery import Found, discover
from cli.settings import Settings
from cli.surroundings import utc_now
from contracts.coordination import CoordinationMetrics
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import PublishedRecord
from contracts.worker_pool import WorkerPoolMetrics
from contracts.worker_usage import WorkerUsage

__all__ = ["agent_checks", "gaps_of"]

FIXES: Mapping[str, str] = {
    UnreachableError.code: "check that it runs, its address, and the network and TLS between",
    UnauthorizedError.code: "check its credentials and rights, see {readme}",
    UnsupportedVersionError.code: "see the versions in {readme}",
    BadResponseError.code: "check that what answers at its address is a {type} server",
}
PAUSE_S = 1.0
ERRORS_SHOWN = 2
OTHER_FIX = "check its settings, see {readme}"


def agent_checks(settings: Settings) -> Iterator[Check]:
    """One check an agent; a warning where there is none."""
    if not settings.agents:
        yield Check(
            "agents", "warn", "none configured", "add `agents:` to a file and give it with -c"
        )
    for entry in settings.agents:
        yield _agent(entry)
    for found in discover(os.environ, settings.agents):
        yield _not_watched(found)


def _not_watched(found: Found) -> Check:
    """One that is here: whether it could be read, with what is told of it, and what is missing."""
    read = _agent(found.entry)
    return Check(
        "found",
        "ok" if read.state == "ok" else "warn",
        f"{found.kind} at {found.place} ({found.because}) is not watched: {read.found}",
        f"add to `agents:` {found.suggestion}" + (f"; {read.fix}" if read.fix else ""),
        read.gaps,
    )


def gaps_of(batch: Batch | UsageBatch) -> tuple[Gap, ...]:
    """What the records say they could not learn, by reason, the commonest first."""
    by_reason: dict[str, set[str]] = {}
    for record in batch.records():
        for pointer, reason in _unavailable(record).items():
            by_reason.setdefault(reason, set()).add(f"{_prefix(record)}{pointer}")
    gaps = [Gap(reason, tuple(sorted(fields))) for reason, fields in by_reason.items()]
    return tuple(sorted(gaps, key=lambda gap: (-len(gap.fields), gap.reason)))


def _agent(entry: Mapping[str, object]) -> Check:
    name = f"{entry.get('type')} {entry.get('instance_id')}"
    try:
        batch = asyncio.run(_collect(entry))
    except ConfigError as error:
        return Check("agent", "fail", f"{name}: {error}", "correct the setting that is named")
    except NothingNewError as silence:
        return Check("agent", "ok", f"{name}: {silence}")
    except CollectorError as error:
        fix = _fix(FIXES.get(error.code, OTHER_FIX), entry)
        return Check("agent", "fail", f"{name}: {error}", fix)
    gaps = gaps_of(batch)
    record = batch.usage if isinstance(batch, UsageBatch) else batch.orchestrator
    source = record.metadata.source
    versions = ", ".join(f"{what} {version}" for what, version in source.versions.items())
    fields = sum(len(gap.fields) for gap in gaps)
    found = (
        f"{name}: read with {source.calls} calls ({versions or 'version unknown'}), "
        f"{fields} fields it does not give"
    )
    if record.metadata.partial:
        messages = _errors(record)
        errors = "; ".join(messages[:ERRORS_SHOWN])
        if len(messages) > ERRORS_SHOWN:
            errors += f"; and {len(messages) - ERRORS_SHOWN} more"
        fix = _fix(OTHER_FIX, entry)
        return Check("agent", "warn", f"{found}; some calls failed: {errors}", fix, gaps)
    return Check("agent", "ok", found, gaps=gaps)


def _fix(text: str, entry: Mapping[str, object]) -> str:
    kind = str(entry["type"])
    return text.format(type=kind, readme=readme_of(kind))


async def _collect(entry: Mapping[str, object]) -> Batch | UsageBatch:
    """The second of two scrapes: what is counted between two is not missing from it."""
    async with make_collector(entry) as collector:
        await _scrape(collector)
        await asyncio.sleep(PAUSE_S)
        return await _scrape(collector)


async def _scrape(collector: Reader[CollectorConfig]) -> Batch | UsageBatch:
    timeout_s = collector.config.timeout_s
    try:
        async with asyncio.timeout(timeout_s):
            return await collector.collect(utc_now())
    except TimeoutError as error:
        raise UnreachableError(f"no answer within timeout_s={timeout_s:g} seconds") from error


def _unavailable(record: PublishedRecord) -> Mapping[str, str]:
    match record:
        case (
            OrchestratorMetrics()
            | WorkerPoolMetrics()
            | LoadBalancingMetrics()
            | CoordinationMetrics()
            | WorkerUsage()
        ):
            return record.metadata.unavailable
        case _:
            return {}


def _errors(record: OrchestratorMetrics | WorkerUsage) -> list[str]:
    if isinstance(record, WorkerUsage):
        return sorted(set(record.metadata.unavailable.values()))
    return [error.message for error in record.health.errors]


def _prefix(record: PublishedRecord) -> str:
    match record:
        case WorkerPoolMetrics():
            return "worker pool "
        case WorkerUsage():
            return "worker usage "
        case LoadBalancingMetrics():
            return "load balancing "
        case CoordinationMetrics():
            return "coordination "
        case _:
            return ""
