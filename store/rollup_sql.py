"""The statements that add staged samples to the rollup tables. Pure text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from store.rollups import STEPS, Keep, Measure, Rollup

__all__ = ["add_latencies", "add_samples"]

HERE = Path(__file__).parent
ADD_SAMPLES = (HERE / "write_rollup.sql").read_text()
ADD_LATENCIES = (HERE / "write_latency_rollup.sql").read_text()


@dataclass(frozen=True)
class Register:
    """A column, and in SQL: how it comes from samples, and how from two values of its own."""

    column: str
    of_samples: str
    of_two: str


def add_samples(rollup: Rollup, step: str) -> str:
    """Adds all that is staged to the table of `step`, one of `STEPS`."""
    registers = (SAMPLES, *(r for measure in rollup.measures for r in _registers(measure)))
    return ADD_SAMPLES.format(
        table=f"{rollup.name}_{step}",
        width=STEPS[step],
        staged=rollup.staged,
        subject=", ".join(rollup.subject),
        keys=", ".join((*rollup.subject, "time_bucket")),
        samples=",\n        ".join(map(_sample, rollup.measures)),
        columns=", ".join(register.column for register in registers),
        of_samples=",\n    ".join(register.of_samples for register in registers),
        of_two=",\n    ".join(f"{register.column} = {register.of_two}" for register in registers),
    )


def add_latencies(step: str) -> str:
    """The same for the histograms of scheduling latency."""
    return ADD_LATENCIES.format(step=step, width=STEPS[step])


def _sample(measure: Measure) -> str:
    if measure.computed:
        return f"{measure.computed} AS {measure.name}"
    kind = "TEXT" if Keep.LAST_TEXT in measure.keeps else "DOUBLE PRECISION"
    return f"{measure.name}::{kind} AS {measure.name}"


def _registers(measure: Measure) -> Iterator[Register]:
    for keep in measure.keeps:
        yield from REGISTERS[keep](measure.name)


def _last(name: str) -> Iterator[Register]:
    # Arrays are compared element by element: the largest is that of the last sample.
    return _latest(name, f"(max(ARRAY[at_s, {name}]) FILTER (WHERE {name} IS NOT NULL))[2]")


def _last_text(name: str) -> Iterator[Register]:
    order = f"ORDER BY collected_at DESC, {name} DESC"
    return _latest(name, f"(array_agg({name} {order}) FILTER (WHERE {name} IS NOT NULL))[1]")


def _latest(name: str, of_samples: str) -> Iterator[Register]:
    later = f"(known.{name}_at, known.{name}) > (excluded.{name}_at, excluded.{name})"
    yield Register(
        name,
        of_samples,
        f"CASE WHEN {later} THEN known.{name} ELSE COALESCE(excluded.{name}, known.{name}) END",
    )
    yield Register(
        f"{name}_at",
        f"max(collected_at) FILTER (WHERE {name} IS NOT NULL)",
        f"GREATEST(known.{name}_at, excluded.{name}_at)",
    )


def _total(name: str) -> Iterator[Register]:
    yield _sum(name, name)


def _mean(name: str) -> Iterator[Register]:
    column = f"{name}_samples"
    yield _sum(f"{name}_sum", name)
    yield Register(column, f"count({name})", f"known.{column} + excluded.{column}")


def _sum(column: str, name: str) -> Register:
    # The sum of absurd values must not exceed the column's range: it would cost the whole batch.
    return Register(
        column,
        f"sum(LEAST({name}, 1e290)) FILTER (WHERE {name} IS NOT NULL)",
        f"COALESCE(known.{column} + excluded.{column}, known.{column}, excluded.{column})",
    )


def _min(name: str) -> Iterator[Register]:
    column = f"{name}_min"
    yield Register(column, f"min({name})", f"LEAST(known.{column}, excluded.{column})")


def _max(name: str) -> Iterator[Register]:
    column = f"{name}_max"
    yield Register(column, f"max({name})", f"GREATEST(known.{column}, excluded.{column})")


SAMPLES = Register("samples", "count(*)", "known.samples + excluded.samples")
REGISTERS: dict[Keep, Callable[[str], Iterator[Register]]] = {
    Keep.LAST: _last,
    Keep.LAST_TEXT: _last_text,
    Keep.TOTAL: _total,
    Keep.MEAN: _mean,
    Keep.MIN: _min,
    Keep.MAX: _max,
}
