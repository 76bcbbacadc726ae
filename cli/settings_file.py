"""A YAML file of settings that an option names."""

from pathlib import Path

import yaml

from cli.api_client import Item
from cli.exits import UsageError

__all__ = ["read_settings"]


def read_settings(path: Path, option: str, example: str) -> Item:
    """What the file says. Raises `UsageError`, with an example of what was expected."""
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{option} {path}: cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{option} {path}: expected settings, e.g. `{example}`")
    return found
