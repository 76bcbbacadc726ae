"""What recorders of cases share: to keep what a real server said, and what is expected of it."""

import argparse
import json
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any, Protocol, TypeVar

__all__ = ["arguments", "kept", "write_case"]


class Case(Protocol):
    """Answers of a server, and what a reader must know of them."""

    about: dict[str, Any]

    def save(self, folder: Path) -> None: ...


C = TypeVar("C", bound=Case)


def kept(answer: Any, left_out: Collection[str], telling: Callable[[str], bool]) -> Any:
    """Without the fields that are large; of metrics the lines that are `telling`."""
    if isinstance(answer, dict):
        return {
            name: kept(each, left_out, telling)
            for name, each in answer.items()
            if name not in left_out
        }
    if isinstance(answer, list):
        return [kept(each, left_out, telling) for each in answer]
    if isinstance(answer, str) and "# TYPE" in answer:
        return "".join(f"{line}\n" for line in answer.splitlines() if telling(line))
    return answer


def arguments() -> argparse.ArgumentParser:
    """Those of every recorder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("case")
    parser.add_argument(
        "--expected-only", action="store_true", help="from the answers that were recorded before"
    )
    return parser


async def write_case(
    asked: argparse.Namespace,
    cases: Path,
    record: Callable[[], Awaitable[C]],
    load: Callable[[Path], C],
    replay: Callable[[C], Awaitable[list[dict[str, Any]]]],
) -> None:
    """Write the case that was asked for into its folder of `cases`."""
    folder = cases / asked.case
    if not asked.expected_only:
        case = await record()
        case.about["command"] += f" {asked.case}"
        case.save(folder)
    expected = json.dumps(await replay(load(folder)), indent=1, ensure_ascii=False)
    (folder / "expected.json").write_text(f"{expected}\n")
