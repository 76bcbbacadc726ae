"""Manifests of `deploy/` hold settings that the product takes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.kube.settings import KubeSettings
from agents.registry import config_of
from cli.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = sorted([*DEPLOY.glob("*/*agent.yaml"), *DEPLOY.glob("*/sidecar.yaml")])
WORKLOADS = sorted([*DEPLOY.glob("*/*agent.yaml"), *DEPLOY.glob("*/sidecar-patch.yaml")])
OF_A_NODE = DEPLOY / "kubernetes" / "node-agent.yaml"


def name_of(manifest: Path) -> str:
    return f"{manifest.parent.name}/{manifest.stem}"


def documents(manifest: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(manifest.read_text()))


def of_kind(manifest: Path, *kinds: str) -> dict[str, Any]:
    (found,) = [each for each in documents(manifest) if each["kind"] in kinds]
    return found


@pytest.mark.parametrize("manifest", MANIFESTS, ids=name_of)
def test_the_settings_are_ones(manifest: Path, tmp_path: Path) -> None:
    held = of_kind(manifest, "ConfigMap", "Secret")
    file = tmp_path / "woa.yaml"
    file.write_text((held.get("data") or held["stringData"])["woa.yaml"])

    settings = load_settings(file)
    (agent,) = map(config_of, settings.agents)

    expected = "kubernetes-node" if manifest == OF_A_NODE else manifest.parent.name
    assert agent.model_dump()["type"] == expected
    assert settings.kafka.bootstrap_servers
    if manifest.name == "agent.yaml":
        assert isinstance(agent, KubeSettings)
        assert agent.lease_name == held["metadata"]["name"]
        assert agent.lease_namespace == held["metadata"]["namespace"]


@pytest.mark.parametrize("manifest", WORKLOADS, ids=name_of)
def test_the_container_finds_its_settings_and_its_spool(manifest: Path) -> None:
    pod = of_kind(manifest, "Deployment", "DaemonSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounts = {each["mountPath"]: volumes[each["name"]] for each in container["volumeMounts"]}
    patch = manifest.name == "sidecar-patch.yaml"
    held = manifest.with_name("sidecar.yaml") if patch else manifest
    settings = of_kind(held, "ConfigMap", "Secret")
    of = mounts["/etc/woa"].get("configMap") or mounts["/etc/woa"]["secret"]

    assert container["args"] == ["agent", "run", "-c", "/etc/woa/woa.yaml"]
    assert settings["metadata"]["name"] in of.values()
    text = (settings.get("data") or settings["stringData"])["woa.yaml"]
    assert yaml.safe_load(text)["state_dir"] == "/var/lib/woa"
    assert "emptyDir" in mounts["/var/lib/woa"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_every_node_has_an_agent_that_knows_its_name() -> None:
    pod = of_kind(OF_A_NODE, "DaemonSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    field = {"fieldRef": {"fieldPath": "spec.nodeName"}}

    assert container["env"] == [{"name": "NODE_NAME", "valueFrom": field}]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert "hostNetwork" not in pod


def test_the_agent_of_a_node_belongs_to_the_orchestrator_of_the_cluster_s() -> None:
    def names(manifest: Path) -> tuple[str, str]:
        text = of_kind(manifest, "ConfigMap")["data"]["woa.yaml"]
        (agent,) = yaml.safe_load(text)["agents"]
        return agent["instance_id"], agent["cluster_name"]

    assert names(OF_A_NODE) == names(OF_A_NODE.with_name("agent.yaml"))


def test_the_agent_of_a_node_may_read_nodes_and_their_statistics_and_nothing_else() -> None:
    role = of_kind(OF_A_NODE.with_name("node-rbac.yaml"), "ClusterRole")

    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["nodes", "nodes/stats"], "verbs": ["get"]}
    ]
