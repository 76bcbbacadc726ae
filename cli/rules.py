"""`woa rules`: alert rules as files, shown and tested without a server."""

from collections.abc import Sequence
from pathlib import Path

from analytics.alerting.rule_tests import read_tests, run_tests
from analytics.alerting.rules import PACKS, RulePack, packaged, packaged_text, read_pack
from cli.exits import CommandError, Exit, UsageError

__all__ = ["run_rules_show", "run_rules_test"]


def run_rules_show(name: str) -> Exit:
    """Print a pack that comes with the product, to begin one's own with. Raises `UsageError`."""
    if name not in PACKS:
        raise UsageError(f"there is no pack {name!r}; there are {', '.join(PACKS)}")
    print(packaged_text(name), end="")
    return Exit.OK


def run_rules_test(pack_name: str, paths: Sequence[Path]) -> Exit:
    """Run files of tests against a pack, and tell what is not so. Raises `CommandError`."""
    pack = _pack(pack_name)
    failed = 0
    for path in paths:
        try:
            tests = read_tests(_text(path))
            failures = run_tests(pack, tests)
        except ValueError as error:
            raise UsageError(f"{path}: {error}") from error
        for failure in failures:
            print(f"{path}: {failure}")
        failed += len(failures)
        passed = "all as expected" if not failures else f"{len(failures)} not as expected"
        print(f"{path}: {len(tests.tests)} tests of pack {pack.name}: {passed}")
    return Exit.FAILED if failed else Exit.OK


def _pack(name: str) -> RulePack:
    if name in PACKS:
        return packaged(name)
    try:
        return read_pack(_text(Path(name)))
    except ValueError as error:
        raise UsageError(f"--pack {name}: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {path}: {error}") from error
