"""Starting `woa up` where things are not as they should be, and stopping it."""

import json
import signal
from pathlib import Path

import httpx
import psycopg
import pytest

from benchmarks.product import leftovers, running, start
from tests.cli.woa import Answer, woa

pytestmark = pytest.mark.acceptance


def ready(port: int) -> int:
    return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30).status_code


@pytest.mark.parametrize(
    "name", ["with a space", "x" * 120], ids=["space", "longer than a socket path"]
)
def test_it_runs_in_an_awkward_folder(name: str, open_dir: Path) -> None:
    state_dir = open_dir / name
    with running(state_dir) as product:
        product.wait_for_link()
        status = ready(product.port)
        code = product.stop()

        assert (status, code, leftovers(state_dir)) == (200, 0, [])


def test_twice_in_a_row_keeps_the_data(state_dir: Path) -> None:
    codes = []
    for _ in range(2):
        with running(state_dir) as product:
            product.wait_for_link()
            codes.append(product.stop())

    assert codes == [0, 0]


def test_a_taken_port_is_a_clear_error(open_dir: Path) -> None:
    with running(open_dir / "first") as first:
        first.wait_for_link()
        second = start(open_dir / "second", port=first.port)
        code = second.wait()

    assert code == 1
    assert "WOA_API__PORT" in "".join(second.output)
    assert str(first.port) in "".join(second.output)


def test_a_second_product_on_one_folder_is_refused(state_dir: Path) -> None:
    with running(state_dir) as first:
        first.wait_for_link()
        second = start(state_dir)
        code = second.wait()

    assert code == 1
    assert "WOA_STATE_DIR" in "".join(second.output)


def test_stopping_while_starting_leaves_nothing(state_dir: Path) -> None:
    product = start(state_dir, "--demo")
    product.wait_for_line("database")
    code = product.stop()

    assert code == 0
    assert leftovers(state_dir) == []


def test_a_signal_sent_twice_at_one_moment_stops_in_order(state_dir: Path) -> None:
    product = start(state_dir)
    product.wait_for_link()
    product.process.send_signal(signal.SIGINT)
    code = product.stop()

    assert code == 0
    assert leftovers(state_dir) == []


def test_the_link_opens_the_page_once(state_dir: Path) -> None:
    with running(state_dir) as product:
        link = product.wait_for_link()
        with httpx.Client(follow_redirects=False) as browser:
            first = browser.get(link)
            listed = browser.get(
                f"http://127.0.0.1:{product.port}/api/v1/orchestration-analytics/orchestrators"
            )
        second = httpx.get(link)

        assert (first.status_code, listed.status_code, second.status_code) == (303, 200, 401)


def test_an_external_database_is_used(state_dir: Path, database_url: str) -> None:
    with running(state_dir, env={"WOA_DATABASE_URL": database_url}) as product:
        product.wait_for_link()
        status = ready(product.port)

    assert status == 200
    assert not list(state_dir.glob("pg*"))


def test_a_database_that_does_not_answer_is_named(state_dir: Path) -> None:
    product = start(state_dir, env={"WOA_DATABASE_URL": "postgresql://nobody:s3cret@127.0.0.1:1/x"})
    code = product.wait()
    text = "".join(product.output)

    assert code == 1
    assert "WOA_DATABASE_URL" in text
    assert "s3cret" not in text


def test_get_asks_what_runs_here_without_any_set_up(state_dir: Path) -> None:
    def get(kind: str) -> Answer:
        return woa("get", kind, "-o", "json", folder=state_dir)

    before = get("orchestrators")
    with running(state_dir) as product:
        product.wait_for_link()
        asked = [get(kind) for kind in ("orchestrators", "pools", "workers", "queues")]
        note = state_dir / "running.json"
        mode, token = note.stat().st_mode & 0o777, json.loads(note.read_text())["token"]
        product.stop()
    after = get("orchestrators")

    assert [(answer.code, answer.out) for answer in asked] == [(0, "[]\n")] * 4
    assert mode == 0o600
    assert token not in "".join(product.output)
    assert (before.code, after.code) == (1, 1)
    assert "woa up" in after.err


def test_the_token_of_the_command_line_ends_with_the_product(
    state_dir: Path, database_url: str
) -> None:
    env = {"WOA_DATABASE_URL": database_url}
    tokens = []
    for _ in range(2):
        with running(state_dir, env=env) as product:
            product.wait_for_link()
            tokens.append(json.loads((state_dir / "running.json").read_text())["token"])
    with psycopg.connect(database_url) as connection:
        names = connection.execute("SELECT name FROM api_tokens WHERE kind = 'token'").fetchall()

    assert len(set(tokens)) == 2
    assert names == [("admin",)]
