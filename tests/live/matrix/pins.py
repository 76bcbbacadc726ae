"""Writes the pins of every version of the matrix.

What each needs is resolved as of a day when it was new: what came later may not fit.
Run: python -m tests.live.matrix.pins [NAME...]
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
UV = Path(sys.executable).with_name("uv")
VERSIONS = {
    "airflow-2.9": ("apache-airflow==2.9.3", "2024-08-01"),
    "airflow-2.10": ("apache-airflow==2.10.5", "2025-03-01"),
    "airflow-3.0": ("apache-airflow==3.0.6", "2025-09-10"),
    "airflow-3.1": ("apache-airflow==3.1.8", "2026-04-01"),
    "airflow-3.2": ("apache-airflow==3.2.1", "2026-07-01"),
    "prefect-3.0": ("prefect==3.0.11", "2024-11-15"),
    "prefect-3.2": ("prefect==3.2.15", "2025-04-10"),
    "prefect-3.4": ("prefect==3.4.25", "2025-11-15"),
    "prefect-3.6": ("prefect==3.6.13", "2026-02-01"),
}
"""Of each the package and the day. Airflow 2.11 and 3.3, Prefect 3.8: `make airflow-older`,
`make airflow` and `make prefect`."""

COMMAND = "pip compile - --python-version 3.11 --no-emit-index-url --no-header --no-annotate"


def main() -> None:
    for name in sys.argv[1:] or VERSIONS:
        package, day = VERSIONS[name]
        print(name, flush=True)
        into = ["--quiet", "--exclude-newer", day, "--output-file", str(HERE / f"{name}.txt")]
        subprocess.run([UV, *COMMAND.split(), *into], input=package, text=True, check=True)


if __name__ == "__main__":
    main()
