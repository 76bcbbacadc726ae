"""`woa predict fleet`: the demand of every stored orchestrator, learnt in many processes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from analytics.capacity_findings import CapacityForecast
from analytics.forecasting.names import ModelName, ModelNotInstalledError
from api.analyses import HISTORY_H, forecasts_of
from cli.database import database_address
from cli.exits import CommandError, Exit
from cli.fan_out import Engine, in_chunks
from cli.predict import moment
from cli.settings import Settings
from cli.surroundings import utc_now
from cli.tables import UNKNOWN, number, printable, show_table
from store.engine import create_read_engine
from store.errors import StoreUnavailableError
from store.queries import After
from store.reads import Reads
from store.rows import Latest

__all__ = ["run_predict_fleet"]

PAGE_ITEMS = 1_000
HEADERS = ["ORCHESTRATOR", "PEAK", "AT", "RECOMMENDED", "CONFIDENCE", "MODEL"]
NUMERIC = ("PEAK", "RECOMMENDED")
REASONS_SHOWN = 5


def run_predict_fleet(
    settings: Settings, hours: int, model: ModelName, engine: Engine, *, as_json: bool
) -> Exit:
    """Print a forecast for each orchestrator. Raises `CommandError`."""
    now = utc_now()
    try:
        with _reading(settings) as (runner, reads):
            fleet = runner.run(_orchestrators(reads))
            demands = (
                runner.run(reads.demand_by_hour(each.record.orchestrator_id, HISTORY_H, now))
                for each in fleet
            )
            work = partial(forecasts_of, hours=hours, model=model)
            forecasts = list(in_chunks(work, demands, engine, partial(_say, len(fleet))))
    except (StoreUnavailableError, ModelNotInstalledError) as error:
        raise CommandError(str(error)) from error
    if as_json:
        print(json.dumps(list(map(_document, fleet, forecasts)), indent=2))
    elif fleet:
        show_table(HEADERS, map(_cells, map(_name, fleet), forecasts), NUMERIC)
        for line in _missing(list(map(_name, fleet)), forecasts):
            print(printable(line))
    else:
        print("No orchestrators")
    return Exit.OK


@contextmanager
def _reading(settings: Settings) -> Iterator[tuple[asyncio.Runner, Reads]]:
    """A loop that runs while it is asked to, and the database read in it."""
    with asyncio.Runner() as runner:
        opened = _open(settings)
        reads = runner.run(opened.__aenter__())
        try:
            yield runner, reads
        finally:
            runner.run(opened.__aexit__(None, None, None))


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Reads]:
    async with database_address(settings, may_make=False) as url:
        engine = create_read_engine(url)
        try:
            yield Reads(engine)
        finally:
            await engine.dispose()


async def _orchestrators(reads: Reads) -> list[Latest]:
    found: list[Latest] = []
    after: After | None = None
    while True:
        page = await reads.orchestrators(PAGE_ITEMS, after)
        found += page.items
        after = page.next_after
        if after is None:
            return found


def _say(total: int, done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} of {total:,}", end="\n" if done == total else "", file=sys.stderr)


def _name(latest: Latest) -> str:
    record = latest.record
    name = f"{record.orchestrator_type}/{record.cluster_name}/{record.instance_id}"
    return f"{name} (simulated)" if latest.simulated else name


def _document(latest: Latest, found: CapacityForecast) -> dict[str, object]:
    return {
        "orchestratorId": str(latest.record.orchestrator_id),
        "name": _name(latest),
        "forecast": found.model_dump(mode="json"),
    }


def _cells(name: str, found: CapacityForecast) -> list[str]:
    if found.backtest is None:
        return [name, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
    peak = found.peak_times[0]
    return [
        name,
        number(peak.demand, 1),
        moment(peak.at),
        number(found.recommended_capacity),
        found.confidence,
        found.backtest.model,
    ]


def _missing(names: Sequence[str], forecasts: Sequence[CapacityForecast]) -> Iterator[str]:
    """Why some have none, the first few of them."""
    reasons = [
        (name, found.reason)
        for name, found in zip(names, forecasts, strict=True)
        if found.reason is not None
    ]
    if reasons:
        yield ""
        yield f"{len(reasons)} of {len(names)} without a forecast:"
    for name, reason in reasons[:REASONS_SHOWN]:
        yield f"  {name}: {reason}"
    if len(reasons) > REASONS_SHOWN:
        yield f"  and {len(reasons) - REASONS_SHOWN} more, see -o json"
