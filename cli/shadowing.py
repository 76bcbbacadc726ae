"""Refuses to start when another distribution's package stands in front of one of ours.

Our packages have short names at the top level; see docs/adr/0001-flat-layout.md.
"""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["ShadowedPackageError", "refuse_shadowed", "shadowed"]

PACKAGES = ("contracts", "bus", "store", "analytics", "agents", "ingest", "api", "cli")


class ShadowedPackageError(ImportError):
    """A package of ours is not the one that Python finds."""


def shadowed(root: Path | None = None) -> list[str]:
    """One line for each of our packages that Python finds outside `root`."""
    home = (root or Path(__file__).resolve().parent.parent).resolve()
    return [line for name in PACKAGES if (line := _problem(name, home))]


def refuse_shadowed() -> None:
    """Raise `ShadowedPackageError` with what is in the way and the fix."""
    problems = shadowed()
    if problems:
        raise ShadowedPackageError(
            "another distribution hides packages of woa:\n  "
            + "\n  ".join(problems)
            + "\nInstall woa into an environment of its own: python3 -m venv .venv && "
            ".venv/bin/pip install 'woa[demo]', or pipx install 'woa[demo]'."
        )


def _problem(name: str, home: Path) -> str | None:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return f"{name}: not found, expected in {home}"
    found = Path(spec.origin).resolve().parent.parent
    return None if found == home else f"{name}: found in {found}, expected in {home}"
