"""What is here and not watched is found, and no secret is shown of it."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agents.registry import config_of
from cli import discovery
from cli.check import Check
from cli.discovery import discover
from cli.doctor_agents import agent_checks
from cli.settings import Settings
from tests.agents.prefect.fake_cloud import CLOUD_URL


@pytest.fixture(autouse=True)
def usual_ports_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_says", lambda http, url: None)
    for name in list(os.environ):
        if name.startswith(("TEMPORAL_", "PREFECT_", "AIRFLOW_", "ARGO_", "KUBE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nowhere")


def test_nothing_is_found_where_nothing_is() -> None:
    assert discover({}, ()) == []


@pytest.mark.parametrize(
    ("environment", "kind", "place"),
    [
        ({"TEMPORAL_ADDRESS": "temporal:7233"}, "temporal", "temporal:7233"),
        ({"PREFECT_API_URL": "https://flows/api"}, "prefect", "https://flows/api"),
        ({"AIRFLOW__API__BASE_URL": "http://dags:8080"}, "airflow", "http://dags:8080"),
        ({"AIRFLOW__WEBSERVER__BASE_URL": "http://old:8080"}, "airflow", "http://old:8080"),
        ({"ARGO_SERVER": "argo:2746"}, "argo", "https://argo:2746"),
        ({"ARGO_SERVER": "argo:2746", "ARGO_SECURE": "false"}, "argo", "http://argo:2746"),
    ],
)
def test_the_environment_names_it(environment: dict[str, str], kind: str, place: str) -> None:
    (found,) = discover(environment, ())

    assert (found.kind, found.place, found.because) == (kind, place, next(iter(environment)))
    assert config_of(found.entry).instance_id == found.entry["instance_id"]


@pytest.mark.parametrize("by", ["KUBECONFIG", "HOME"])
def test_the_kubeconfig_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str) -> None:
    path = tmp_path / ".kube" / "config"
    path.parent.mkdir()
    path.write_text("current-context: prod-eu\n")
    monkeypatch.setenv(by, str(path if by == "KUBECONFIG" else tmp_path))

    (found,) = discover(os.environ, ())

    assert (found.kind, found.place) == ("kubernetes", "prod-eu")
    assert found.because == f"current context of {path}"
    assert found.suggestion == (
        "{type: kubernetes, instance_id: kubernetes-prod-eu, context: prod-eu}"
    )


@pytest.mark.parametrize("text", ["", "contexts: []\n", "[", "- a list\n"])
def test_a_kubeconfig_that_is_set_to_nothing_is_nothing_found(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)

    assert discover({"KUBECONFIG": str(path)}, ()) == []


def test_what_is_configured_is_not_found_again() -> None:
    environment = {"PREFECT_API_URL": "http://flows/api"}

    assert discover(environment, [{"type": "prefect", "instance_id": "mine"}]) == []


def test_secrets_are_used_and_not_shown() -> None:
    environment = {
        "PREFECT_API_URL": "https://flows/api",
        "PREFECT_API_KEY": "pnu_hunter2",
    }

    (found,) = discover(environment, ())

    assert found.entry["api_key"] == "pnu_hunter2"
    assert "hunter2" not in found.suggestion
    assert "api_key: ..." in found.suggestion


def test_a_workspace_of_prefect_cloud_is_named_after_itself_and_takes_a_key() -> None:
    environment = {
        "PREFECT_API_URL": CLOUD_URL,
        "PREFECT_API_KEY": "pnu_hunter2",
        "PREFECT_API_AUTH_STRING": "left:over",
    }

    (found,) = discover(environment, ())

    assert found.entry == {
        "type": "prefect",
        "instance_id": "prefect-cloud-96bd3cf8",
        "api_url": CLOUD_URL,
        "api_key": "pnu_hunter2",
    }
    assert config_of(found.entry).instance_id == "prefect-cloud-96bd3cf8"


def test_a_key_that_is_left_over_does_not_keep_a_server_from_being_read() -> None:
    environment = {
        "PREFECT_API_URL": "https://flows/api",
        "PREFECT_API_KEY": "pnu_hunter2",
        "PREFECT_API_AUTH_STRING": "admin:secret",
    }

    (found,) = discover(environment, ())

    assert config_of(found.entry).instance_id == "prefect-flows"
    assert "api_key" not in found.entry


@pytest.mark.parametrize(
    ("url", "said", "kind"),
    [
        ("http://127.0.0.1:4200/api/health", True, "prefect"),
        ("http://127.0.0.1:8080/api/v2/version", {"version": "3.3.2"}, "airflow"),
        ("http://127.0.0.1:8080/api/v1/version", {"version": "2.11.2"}, "airflow"),
    ],
)
def test_a_usual_port_tells(
    monkeypatch: pytest.MonkeyPatch, url: str, said: object, kind: str
) -> None:
    monkeypatch.setattr(discovery, "_says", lambda http, asked: said if asked == url else None)

    (found,) = discover({}, ())

    assert found.kind == kind
    assert found.because.startswith("port ")


class Impostor(BaseHTTPRequestHandler):
    """Answers HTML to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    do_POST = do_GET  # noqa: N815 - the name that is called

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def impostor() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Impostor)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_doctor_says_what_was_found_and_why_it_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, impostor: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", impostor)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:hunter2")

    checks = list(agent_checks(Settings()))

    (found,) = [check for check in checks if check.name == "found"]
    assert isinstance(found, Check)
    assert found.state == "warn"
    assert f"prefect at {impostor} (PREFECT_API_URL) is not watched" in found.found
    assert "not the JSON that was expected" in found.found
    assert "add to `agents:` {type: prefect" in str(found.fix)
    assert "hunter2" not in json.dumps([found.found, found.fix])
