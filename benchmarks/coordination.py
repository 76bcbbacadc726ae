"""Planted faults of coordination that are found, and those that are seen where there are none.

Scenes are made from seeds: members whose clocks are off by any amounts within the bound, leases
and elections, locks that are waited for and held, decisions and fenced writes. Half of them are
healthy, some of these only just: leaders hand over at once, terms change, waits chain without a
circle. In each of the others one fault is planted, at least as large as the clocks leave room
to tell. `missed` counts faults not found, `false` every issue in a scene that was not planted.
"""

import argparse
from collections import Counter
from typing import Any

from analytics.coordination.monitor import CoordinationMonitor
from benchmarks.coordination_scenes import FAULTS, SKEW_S, healthy, planted


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--scenes", type=int, default=200, help="scenes of each fault")
    parser.add_argument("--seed", type=int, default=0, help="the first scene's seed")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Play all scenes."""
    monitor = CoordinationMonitor()
    missed, false, events = Counter[str](), Counter[str](), 0
    seeds = range(arguments.seed, arguments.seed + arguments.scenes)
    scenes = [(fault, planted(fault, seed)) for fault in FAULTS for seed in seeds]
    scenes += [("", healthy(seed)) for seed in range(seeds.start, seeds.start + len(scenes))]
    for fault, scene in scenes:
        issues = monitor.detect_coordination_issues(scene, max_clock_skew_s=SKEW_S)
        found = {issue.type.value for issue in issues}
        events += len(scene)
        missed.update({fault} - found - {""})
        false.update(found - {fault})
    return {
        "scenes": len(scenes),
        "faults": len(FAULTS) * arguments.scenes,
        "events": events,
        "missed": missed.total(),
        "false": false.total(),
        "missed_by_fault": dict(missed),
        "false_by_kind": dict(false),
    }


def passed(figures: dict[str, Any]) -> bool:
    """All found, nothing else."""
    return not figures["missed"] and not figures["false"]
