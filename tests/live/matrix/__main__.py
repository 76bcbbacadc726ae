"""Runs the live tests of an orchestrator against each of its versions, one after the other.

Run: python -m tests.live.matrix [NAME...], such as airflow-2.9; without names: all. A version is a
file of pins here; its environment is made once, outside the repository. Ends with 1 where one
failed.
"""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.live.matrix.versions import VARIABLE, version_folder

HERE = Path(__file__).parent
TOP = HERE.parents[2]
UV = Path(sys.executable).with_name("uv")
LIMIT_S = 3600


@dataclass(frozen=True)
class Outcome:
    """Of one version: what pytest said last, and how long it took."""

    name: str
    passed: bool
    said: str
    took_s: float


def main() -> int:
    known = sorted(path.stem for path in HERE.glob("*.txt"))
    names = sys.argv[1:] or known
    if unknown := set(names) - set(known):
        sys.exit(f"no such version: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    outcomes = []
    for number, name in enumerate(names, 1):
        print(f"== {number} of {len(names)}: {name}", flush=True)
        outcomes.append(outcome(name))
        print(line(outcomes[-1]), flush=True)
    print("== Summary", *map(line, outcomes), sep="\n")
    return 0 if all(each.passed for each in outcomes) else 1


def outcome(name: str) -> Outcome:
    """Whatever goes wrong is this version's failure, and the next one's turn comes."""
    begun = time.monotonic()
    try:
        provide(name)
        passed, said = run(name)
    except (subprocess.SubprocessError, OSError) as error:
        passed, said = False, str(error)
    return Outcome(name, passed, said, time.monotonic() - begun)


def provide(name: str) -> None:
    """Its environment, if it is not there yet, or if the pins were changed since."""
    folder, pins = version_folder(*name.split("-")), HERE / f"{name}.txt"
    done = folder / ".installed"
    if done.exists() and done.stat().st_mtime >= pins.stat().st_mtime:
        return
    print(f"   getting it into {folder}", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True
    )
    into = ["--python", str(folder / "bin" / "python"), "--requirements", str(pins)]
    subprocess.run([UV, "pip", "install", "--quiet", "--no-deps", *into], check=True)
    done.touch()


def run(name: str) -> tuple[bool, str]:
    """Whether the tests passed, and pytest's last line. What it prints is shown as it comes."""
    suite = TOP / "tests" / "live" / name.partition("-")[0]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-m", "live", "-v", "-rs", str(suite)],
        cwd=TOP,
        env={**os.environ, VARIABLE: name},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    last = ""
    for text in process.stdout:
        print(f"   {text}", end="", flush=True)
        last = text.strip() or last
    passed = process.wait(LIMIT_S) == 0 and re.search(r"\d+ passed", last) is not None
    return passed, last


def line(outcome: Outcome) -> str:
    word = "passed" if outcome.passed else "FAILED"
    return f"{outcome.name:<13} {word}  {outcome.said} ({outcome.took_s:.0f} s)"


if __name__ == "__main__":
    sys.exit(main())
