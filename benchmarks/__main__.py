"""`python -m benchmarks NAME [--json]`: a table for people, one JSON object last for machines."""

import argparse
import json
from importlib import import_module

# Imported when it is run: each needs its own packages.
BENCHMARKS = {"cli-start": "benchmarks.cli_start", "first-run": "benchmarks.first_run"}


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    arguments = parser.parse_args()
    figures = import_module(BENCHMARKS[arguments.name]).run()
    for name, value in figures.items():
        print(f"{name:<28} {value}")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
