"""What hourly forecasts of a fleet cost: CPU seconds for 10,000 series, learnt anew or gone on.

The series are the hourly ones of DIR (helios_pools, nasa_requests, philly_nodes,
datacenter_5min) in turn, each copy a few hours shorter than the one before; at most eight weeks of
each, 24 hours ahead, as the product does it: both naive models beside, error, interval. To learn is
measured through `cli.fan_out`, with the start of its processes, and what they were sent and sent
back. To go on an hour later is measured in one process, with reading what was learnt from a pickle
and writing it again: it costs less than to send it anywhere.
"""

import argparse
import pickle
import resource
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from analytics.forecasting.fleet import go_on_chunk, learn_chunk
from analytics.forecasting.series import FloatArray
from benchmarks.traces import demand
from cli.fan_out import ENGINES, Engine, in_chunks

SERIES, CHUNK = 10_000, 100
HOUR_S, DAY, HORIZON = 3600, 24, 24
HISTORY_H = 8 * 7 * 24
LEAST_H = 28 * 24


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")
    parser.add_argument("--series", type=int, default=SERIES, help="how many; costs are of 10,000")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="loky")
    parser.add_argument("--jobs", type=int, default=-1, help="at a time; one a core by default")
    parser.add_argument("--model", default="ensemble")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Both costs; those of 10,000 series, whatever the number was."""
    traces = [values[-HISTORY_H:] for _, values in demand(arguments.data, HOUR_S)]
    if not traces:
        raise SystemExit(f"{arguments.data} has none of the folders of traces")
    histories = [_copy(traces, number) for number in range(arguments.series)]
    model, scale = arguments.model, SERIES / arguments.series
    refit_cpu_s, refit_wall_s = _refit(histories, model, Engine(arguments.engine, arguments.jobs))
    predict_cpu_s, predict_wall_s = _predict(histories, model)
    return {
        "refit_cpu_s": round(scale * refit_cpu_s, 2),
        "predict_cpu_s": round(scale * predict_cpu_s, 2),
        "refit_wall_s": round(refit_wall_s, 2),
        "predict_wall_s": round(predict_wall_s, 2),
        "series": len(histories),
        "mean_hours": round(sum(map(len, histories)) / len(histories)),
        "engine": arguments.engine,
        "model": model,
    }


def _copy(traces: list[FloatArray], number: int) -> FloatArray:
    values = traces[number % len(traces)]
    spare = max(1, len(values) - LEAST_H)
    return values[: len(values) - number // len(traces) % spare]


def _refit(histories: list[FloatArray], model: str, engine: Engine) -> tuple[float, float]:
    """CPU seconds of all processes, and seconds on the clock."""
    work = partial(learn_chunk, horizon=HORIZON, season=DAY, model=model)
    begun_cpu, begun = _cpu_s(), perf_counter()
    for _ in in_chunks(work, histories, engine):
        pass
    return _cpu_s() - begun_cpu, perf_counter() - begun


def _predict(histories: list[FloatArray], model: str) -> tuple[float, float]:
    """The same of going on by one hour; learning, which comes before, is left out."""
    cpu_s = wall_s = 0.0
    for begin in range(0, len(histories), CHUNK):
        chunk = histories[begin : begin + CHUNK]
        known = [values[:-1] for values in chunk]
        kept = pickle.dumps(learn_chunk(known, HORIZON, DAY, model))
        begun_cpu, begun = process_time(), perf_counter()
        pickle.dumps(go_on_chunk(pickle.loads(kept), chunk, 1))
        cpu_s += process_time() - begun_cpu
        wall_s += perf_counter() - begun
    return cpu_s, wall_s


def _cpu_s() -> float:
    """Of this process and of all that it has started and seen end."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
