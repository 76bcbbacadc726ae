"""`woa agent run` as a service: from an agent to a database of the user's, and a clean stop."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from benchmarks.product import Product, free_port
from tests.cli.woa import clean_environment, config, woa

# Nobody answers there: an outage is a record as well.
AGENTS = """
agents:
  - {type: temporal, instance_id: orders, address: '127.0.0.1:1', timeout_s: 5}
  - {type: temporal, instance_id: bills, address: '127.0.0.1:1', timeout_s: 5}
"""


@contextmanager
def service(folder: Path, url: str) -> Iterator[Product]:
    """A running one, watched through what it prints."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "agent", "run", "-c", config(folder, AGENTS)],
        env={
            **clean_environment(folder),
            "WOA_DATABASE_URL": url,
            "WOA_API__PORT": str(port),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    product = Product(process, folder, port)
    try:
        yield product
    finally:
        if process.poll() is None:
            process.kill()
            product.wait()


def stored(url: str) -> set[str]:
    """Orchestrators that the database knows."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT instance_id FROM orchestrators").fetchall()
    return {name for (name,) in rows}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_agents_learn_is_stored_until_it_is_stopped(
    how: signal.Signals, tmp_path: Path, database_url: str
) -> None:
    with service(tmp_path, database_url) as running:
        address = running.wait_for_line(r"metrics +(http://\S+)/metrics").group(1)
        running.wait_for_line(r"agents_at_work .*stored=([2-9]|\d\d)")
        metrics = httpx.get(f"{address}/metrics")
        alive = httpx.get(f"{address}/healthz")
        page = httpx.get(f"{address}/api/v1/orchestration-analytics/orchestrators")
        running.process.send_signal(how)
        code = running.wait()

    assert (code, running.output[-1]) == (0, "Stopped; nothing is left running\n")
    assert stored(database_url) == {"orders", "bills"}
    assert 'woa_agent_scrape_failures_total{code="unreachable",orchestrator="orders"}' in (
        metrics.text
    )
    assert (alive.json(), page.status_code) == ({"status": "ok"}, 404)


def test_a_second_one_on_the_same_spool_is_refused(tmp_path: Path, database_url: str) -> None:
    with service(tmp_path, database_url) as first:
        first.wait_for_line("Stop ")
        second = woa(
            "agent", "run", "-c", str(tmp_path / "woa.yaml"), folder=tmp_path,
            env={"WOA_DATABASE_URL": database_url, "WOA_API__PORT": "0"},
        )  # fmt: skip

    assert second.code == 1
    assert "WOA_STATE_DIR" in second.err


def test_a_database_that_is_not_up_to_date_is_left_alone(
    tmp_path: Path, empty_database_url: str
) -> None:
    with service(tmp_path, empty_database_url) as refused:
        code = refused.wait()

    assert code == 1
    assert "run `woa db migrate`" in refused.output[-1]
    assert woa(
        "db", "size", folder=tmp_path, env={"WOA_DATABASE_URL": empty_database_url}
    ).err.startswith("woa: the database is empty")


def test_without_a_database_the_setting_is_named(tmp_path: Path) -> None:
    answer = woa("agent", "run", "-c", config(tmp_path, AGENTS), folder=tmp_path)

    assert answer.code == 2
    assert "WOA_DATABASE_URL" in answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("log: {level: info}", "no agents are configured"),
        ("agents: [{type: temporal, instance_id: x, addres: y}]", "did you mean address?"),
    ],
)
def test_wrong_agents_are_named(text: str, said: str, tmp_path: Path) -> None:
    answer = woa(
        "agent", "run", "-c", config(tmp_path, text), folder=tmp_path,
        env={"WOA_DATABASE_URL": "postgresql:///x"},
    )  # fmt: skip

    assert answer.code == 2
    assert said in answer.err


def test_a_taken_port_is_named(tmp_path: Path, database_url: str) -> None:
    with service(tmp_path, database_url) as first:
        first.wait_for_line("Stop ")
        second = woa(
            "agent", "run", "-c", str(tmp_path / "woa.yaml"), folder=tmp_path / "second",
            env={"WOA_DATABASE_URL": database_url, "WOA_API__PORT": str(first.port)},
        )  # fmt: skip

    assert second.code == 1
    assert "WOA_API__PORT" in second.err
