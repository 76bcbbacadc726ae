"""`woa config show`: every setting, its value, and where that comes from."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from agents.registry import ConfigError, config_of
from cli.exits import Exit, UsageError
from cli.redaction import hidden
from cli.settings import (
    Settings,
    SettingsError,
    load_settings,
    read_document,
    setting_paths,
    variable_of,
)
from cli.tables import show_table

__all__ = ["run_show"]

AGENTS = "agents"
# Variables that are no settings: they choose the file and the server.
OTHERS = frozenset({"WOA_CONFIG", "WOA_CONTEXT", "WOA_URL", "WOA_TOKEN"})


@dataclass(frozen=True)
class Setting:
    """One setting as it is in force, without secrets."""

    name: str
    value: Any
    origin: str


def run_show(config: Path | None, environ: Mapping[str, str], *, as_json: bool) -> Exit:
    """Print them all. Raises `UsageError` with every setting that is wrong."""
    try:
        settings = load_settings(config)
        document = read_document(config) if config else {}
        shown = list(_settings(settings, _Origins(environ, config, document)))
    except (SettingsError, ConfigError) as error:
        raise UsageError(f"wrong setting\n{error}") from error
    if as_json:
        print(json.dumps([asdict(setting) for setting in shown], indent=2))
    else:
        rows = [(one.name, _text(one.value), one.origin) for one in shown]
        show_table(("SETTING", "VALUE", "FROM"), rows)
    for line in _unknown_variables(environ):
        print(f"woa: {line}", file=sys.stderr)
    return Exit.OK


class _Origins:
    """Where the value of a setting comes from; what is asked first wins."""

    def __init__(
        self, environ: Mapping[str, str], config: Path | None, document: Mapping[str, Any]
    ) -> None:
        self._environ = {name.upper(): value for name, value in environ.items()}
        self._file = f"file {config}"
        self._document = document

    def of(self, path: tuple[str, ...]) -> str:
        for length in range(len(path), 0, -1):
            variable = variable_of(path[:length])
            if variable in self._environ and self._holds(variable, path[length:]):
                return f"environment {variable}"
        return self._file if _has(self._document, path) else "default"

    def _holds(self, variable: str, rest: tuple[str, ...]) -> bool:
        """A variable may hold a whole group as JSON."""
        return not rest or _has(json.loads(self._environ[variable]), rest)


def _has(document: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return False
        document = document[name]
    return True


def _settings(settings: Settings, origins: _Origins) -> Iterator[Setting]:
    for path in setting_paths():
        if path == (AGENTS,):
            continue
        value: Any = settings
        for name in path:
            value = getattr(value, name)
        yield Setting(".".join(path), hidden(value, path[-1]), origins.of(path))
    for number, entry in enumerate(settings.agents):
        agent = config_of(entry)
        for name in type(agent).model_fields:
            origin = origins.of((AGENTS,)) if name in entry else "default"
            yield Setting(f"{AGENTS}.{number}.{name}", hidden(getattr(agent, name), name), origin)


def _text(value: Any) -> str:
    match value:
        case None:
            return "none"
        case str():
            return value
        case _:
            return json.dumps(value)


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like ours and that nothing reads: misspelt, most likely."""
    known = {variable_of(path) for path in setting_paths()}
    groups = {variable_of(path[:-1]) for path in setting_paths() if len(path) > 1}
    for name in sorted(environ):
        upper = name.upper()
        if upper.startswith("WOA_") and upper not in known | groups | OTHERS:
            near = get_close_matches(upper, sorted(known), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"nothing reads the environment variable {name}{hint}"
