"""Where the API server is and what to sign with, by each of the ways there are."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from agents.collector import CollectorError
from agents.kube.credentials import BearerAuth, access
from agents.kube.settings import KubeSettings


def kubeconfig(folder: Path, user: dict[str, Any], **more: Any) -> Path:
    path = folder / "config"
    whole = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://kube:6443/"}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(whole | more))
    return path


async def signed(auth: httpx.Auth | None) -> str | None:
    assert auth is not None
    flow = auth.async_auth_flow(httpx.Request("GET", "http://kube"))
    request = await anext(flow)
    await flow.aclose()
    value: str | None = request.headers.get("Authorization")
    return value


def settings(**values: Any) -> KubeSettings:
    return KubeSettings.model_validate({"instance_id": "x", **values})


async def test_a_token_of_a_kubeconfig(tmp_path: Path) -> None:
    reach = access(settings(kubeconfig=kubeconfig(tmp_path, {"token": "t0"})))

    assert reach.url == "http://kube:6443"
    assert await signed(reach.auth) == "Bearer t0"


async def test_the_environment_names_the_kubeconfig(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {"token": "t1"})

    assert await signed(access(settings(), {"KUBECONFIG": str(path)}).auth) == "Bearer t1"


async def test_several_kubeconfigs_are_one_and_the_first_that_says_it_wins(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    mine = [{"name": "mine", "context": {"cluster": "c", "user": "v"}}]
    first = kubeconfig(one, {"token": "t1"}, **{"current-context": "mine", "contexts": mine})
    more = [{"name": "v", "user": {"tokenFile": "token"}}, {"name": "u", "user": {}}]
    second = kubeconfig(other, {}, users=more)
    (other / "token").write_text("beside the second")
    named = f"{first}:{tmp_path / 'not there'}:{second}"

    by_default = access(settings(), {"KUBECONFIG": named})
    by_name = access(settings(context="here"), {"KUBECONFIG": named})

    assert await signed(by_default.auth) == "Bearer beside the second"
    assert await signed(by_name.auth) == "Bearer t1"


async def test_a_token_file_is_read_again_when_it_rotated(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    reach = access(settings(api_url="https://kube", token_file=file))
    assert await signed(reach.auth) == "Bearer old"
    file.write_text("new\n")

    assert isinstance(reach.auth, BearerAuth)
    now = datetime.now(UTC)
    assert reach.auth.token(now) == "old"
    assert reach.auth.token(now + timedelta(minutes=2)) == "new"


async def test_an_exec_plugin_gives_the_token(tmp_path: Path) -> None:
    program = tmp_path / "plugin"
    answer = {"status": {"token": "made", "expirationTimestamp": "2999-01-01T00:00:00Z"}}
    said = f"test -n \"$KUBERNETES_EXEC_INFO\" && echo '{json.dumps(answer)}'"
    program.write_text(f"#!/bin/sh\n{said}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program)}

    reach = access(settings(kubeconfig=kubeconfig(tmp_path, {"exec": plugin})))

    assert await signed(reach.auth) == "Bearer made"


async def test_a_plugin_may_give_a_certificate_and_no_token(tmp_path: Path) -> None:
    answer = {"status": {"clientCertificateData": "shown to a server", "clientKeyData": "of TLS"}}
    plugin = {"command": "/bin/echo", "args": [json.dumps(answer)]}
    reach = access(settings(kubeconfig=kubeconfig(tmp_path, {"exec": plugin})))

    assert await signed(reach.auth) is None


@pytest.mark.parametrize("status", [{}, {"clientKeyData": "alone"}])
async def test_a_plugin_that_gives_nothing_is_named(tmp_path: Path, status: dict[str, str]) -> None:
    plugin = {"command": "/bin/echo", "args": [json.dumps({"status": status})]}
    reach = access(settings(kubeconfig=kubeconfig(tmp_path, {"exec": plugin})))

    with pytest.raises(CollectorError, match="exec plugin /bin/echo: KeyError"):
        await signed(reach.auth)


@pytest.mark.parametrize("command", ["/no/such/program", "/bin/false"])
async def test_a_plugin_that_fails_is_named(tmp_path: Path, command: str) -> None:
    reach = access(settings(kubeconfig=kubeconfig(tmp_path, {"exec": {"command": command}})))

    with pytest.raises(CollectorError, match=f"exec plugin {command}"):
        await signed(reach.auth)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"current-context": "elsewhere"}, "has no context 'elsewhere'"),
        ({"clusters": []}, "has no cluster 'c'"),
        ({"users": None}, "has no user 'u'"),
        ({"contexts": 7}, "no kubeconfig that can be used"),
    ],
)
def test_a_kubeconfig_that_lacks_something_says_what(
    tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(CollectorError, match=message):
        access(settings(kubeconfig=kubeconfig(tmp_path, {"token": "t"}, **more)))


def test_no_kubeconfig_names_the_settings(tmp_path: Path) -> None:
    with pytest.raises(CollectorError, match="set kubeconfig, KUBECONFIG, or api_url"):
        access(settings(kubeconfig=tmp_path / "nowhere"))


def test_there_is_one_way_to_connect() -> None:
    with pytest.raises(ValueError, match="not both"):
        settings(api_url="https://kube", context="prod")
