"""`python -m benchmarks NAME [--json]`: a table for people, one JSON object last for machines."""

import argparse
import json

from benchmarks import api_reads, first_run

BENCHMARKS = {"api-reads": api_reads, "first-run": first_run}


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    for name, benchmark in BENCHMARKS.items():
        own = names.add_parser(name, help=(benchmark.__doc__ or "").splitlines()[0])
        own.add_argument("--json", action="store_true", help="print one JSON object at the end")
        benchmark.configure(own)
    arguments = parser.parse_args()
    figures = BENCHMARKS[arguments.name].run(arguments)
    for name, value in figures.items():
        print(f"{name:<36} {value}")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
