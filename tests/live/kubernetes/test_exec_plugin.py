"""A kubeconfig whose program gives a client certificate, as those of some clouds do."""

import base64
import json
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.kubernetes import KubernetesCollector, KubernetesConfig
from tests.live.kubernetes.cluster import Cluster

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

MADE = "req -newkey rsa:2048 -nodes -keyout user.key -out user.csr -subj /O=system:masters/CN=woa"
SIGNED = "x509 -req -days 2 -in user.csr -CA {0}/tls.crt -CAkey {0}/tls.key -out user.crt"


def certificate(cluster: Cluster, folder: Path) -> dict[str, str]:
    """One of a user of the cluster, signed by its own authority."""
    for command in (MADE, SIGNED.format(shlex.quote(str(cluster.folder)))):
        subprocess.run(
            ["openssl", *shlex.split(command)], cwd=folder, check=True, capture_output=True
        )
    return {
        "clientCertificateData": (folder / "user.crt").read_text(),
        "clientKeyData": (folder / "user.key").read_text(),
    }


async def test_a_certificate_of_an_exec_plugin_opens(cluster: Cluster, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"status": certificate(cluster, tmp_path)}))
    plugin = tmp_path / "plugin"
    plugin.write_text('#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" > told.json\ncat answer.json\n')
    plugin.chmod(0o755)
    authority = base64.b64encode(cluster.ca_file.read_bytes()).decode()
    server = {"server": cluster.url, "certificate-authority-data": authority}
    file = tmp_path / "config"
    program = {"command": str(plugin), "provideClusterInfo": True}
    file.write_text(
        json.dumps(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": server}],
                "users": [{"name": "u", "user": {"exec": program}}],
            }
        )
    )
    config = KubernetesConfig.model_validate(
        {"instance_id": "live", "kubeconfig": file, "call_timeout_s": 30}
    )
    async with KubernetesCollector(config) as collector:
        record = (await collector.collect(datetime.now(UTC))).orchestrator

    assert record.health.errors == ()
    assert record.extra_metadata()["kubernetes"]["clusterId"]
    assert json.loads((tmp_path / "told.json").read_text())["spec"]["cluster"] == server
