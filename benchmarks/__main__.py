"""`python -m benchmarks NAME [--json]`: a table for people, one JSON object last for machines."""

import argparse
import json
import sys
from importlib import import_module

from cli.threads import pin_threads

# Imported when it is run: each needs its own packages.
BENCHMARKS = {
    "agents": "benchmarks.agents.costs",
    "alerts": "benchmarks.alerts",
    "anomalies": "benchmarks.anomalies",
    "api-reads": "benchmarks.api_reads",
    "balancing": "benchmarks.balancing",
    "catch-up": "benchmarks.catch_up",
    "cli-start": "benchmarks.cli_start",
    "coordination": "benchmarks.coordination",
    "faults": "benchmarks.faults.auditor",
    "fleet": "benchmarks.fleet_forecast",
    "forecast-60min": "benchmarks.forecast_60min",
    "forecast-capacity": "benchmarks.forecast_capacity",
    "forecast-m4": "benchmarks.forecast_m4",
    "first-run": "benchmarks.first_run",
    "ingest": "benchmarks.ingest",
    "ingest-peers": "benchmarks.ingest_peers",
    "live": "benchmarks.live.fanout",
    "queueing": "benchmarks.queueing",
    "scaling": "benchmarks.scaling",
}


def main() -> None:
    """Run one benchmark."""
    pin_threads()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    name = parser.parse_args(sys.argv[1:2]).name
    benchmark = import_module(BENCHMARKS[name])
    own = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=benchmark.__doc__
    )
    own.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    benchmark.configure(own)
    arguments = own.parse_args(sys.argv[2:])
    figures = benchmark.run(arguments)
    for figure, value in figures.items():
        print(f"{figure:<36} {value}")
    if arguments.json:
        print(json.dumps(figures))
    if hasattr(benchmark, "passed") and not benchmark.passed(figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
