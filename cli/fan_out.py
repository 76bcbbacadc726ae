"""One function over many items: chunks of them through joblib, on an engine chosen by name.

`loky` is processes of this machine, `dask` and `ray` are clusters that are there already: a
Dask scheduler named by DASK_SCHEDULER_ADDRESS, a Ray cluster by RAY_ADDRESS (each else starts a
small one of its own here). All give the same results, in the order of the items.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeVar

from cli.lifecycle import needing

__all__ = ["ENGINES", "Engine", "in_chunks"]

T = TypeVar("T")
R = TypeVar("R")

ENGINES = {"loky": "fleet", "dask": "dask", "ray": "ray"}
"""Name -> the extra that brings it."""

CHUNK_ITEMS = 100
CHUNKS_A_JOB = 4
"""Of a round: what is held in memory at once, and how far behind Ctrl-C may come."""


@dataclass(frozen=True)
class Engine:
    """Where chunks are worked on, and how many at a time; -1: as many as there are cores."""

    name: str = "loky"
    jobs: int = -1


def in_chunks(
    work: Callable[[Sequence[T]], Sequence[R]],
    items: Iterable[T],
    engine: Engine,
    done: Callable[[int], None] = lambda _: None,
) -> Generator[R]:
    """What `work` makes of the items, in their order; `done` is told how many were worked on.

    `items` are taken as they are needed, and what is left undone when the caller stops is never
    begun. `work` must be a function of a module, or a `functools.partial` of one. Raises
    `CommandError` for an engine whose packages are not installed.
    """
    finished, source = 0, iter(items)
    with _parallel(engine) as (parallel, delayed, jobs):
        while True:
            round_of = list(islice(source, jobs * CHUNKS_A_JOB * CHUNK_ITEMS))
            if not round_of:
                return
            begins = range(0, len(round_of), CHUNK_ITEMS)
            chunks = (round_of[begin : begin + CHUNK_ITEMS] for begin in begins)
            yield from chain.from_iterable(parallel(delayed(work)(chunk) for chunk in chunks))
            finished += len(round_of)
            done(finished)


@contextmanager
def _parallel(engine: Engine) -> Iterator[tuple[Any, Any, int]]:
    """joblib's `Parallel` on the engine, its `delayed`, and how many chunks run at a time."""
    with ExitStack() as stack:
        with needing(ENGINES[engine.name], f"the engine {engine.name}", "or choose another one"):
            import joblib

            options = _start(engine.name, stack)
        stack.enter_context(joblib.parallel_config(engine.name, n_jobs=engine.jobs, **options))
        parallel = stack.enter_context(joblib.Parallel(pre_dispatch="all", batch_size=1))
        yield parallel, joblib.delayed, joblib.effective_n_jobs(engine.jobs)


def _start(name: str, stack: ExitStack) -> dict[str, Any]:
    """Start what the engine needs, and stop it with the stack; its options for joblib.

    Workers of Dask and Ray have one thread for linear algebra by themselves.
    """
    if name == "dask":
        from distributed import Client

        stack.enter_context(Client())
    elif name == "ray":
        import ray
        from ray.util.joblib import register_ray

        ray.init(log_to_driver=False)
        stack.callback(ray.shutdown)
        register_ray()
    else:
        from joblib.externals.loky import get_reusable_executor

        stack.callback(lambda: get_reusable_executor().shutdown(wait=True, kill_workers=True))
        return {"inner_max_num_threads": 1}
    return {}
