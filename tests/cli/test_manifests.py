"""Manifests of `deploy/` hold settings that the product takes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.kube.settings import KubeSettings
from agents.registry import config_of
from cli.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = sorted([*DEPLOY.glob("*/agent.yaml"), *DEPLOY.glob("*/sidecar.yaml")])
WORKLOADS = sorted([*DEPLOY.glob("*/agent.yaml"), *DEPLOY.glob("*/sidecar-patch.yaml")])


def documents(manifest: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(manifest.read_text()))


def of_kind(manifest: Path, *kinds: str) -> dict[str, Any]:
    (found,) = [each for each in documents(manifest) if each["kind"] in kinds]
    return found


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.name)
def test_the_settings_are_ones(manifest: Path, tmp_path: Path) -> None:
    held = of_kind(manifest, "ConfigMap", "Secret")
    file = tmp_path / "woa.yaml"
    file.write_text((held.get("data") or held["stringData"])["woa.yaml"])

    settings = load_settings(file)
    (agent,) = map(config_of, settings.agents)

    assert agent.model_dump()["type"] == manifest.parent.name
    assert settings.kafka.bootstrap_servers
    if manifest.name == "agent.yaml":
        assert isinstance(agent, KubeSettings)
        assert agent.lease_name == held["metadata"]["name"]
        assert agent.lease_namespace == held["metadata"]["namespace"]


@pytest.mark.parametrize("manifest", WORKLOADS, ids=lambda path: path.parent.name)
def test_the_container_finds_its_settings_and_its_spool(manifest: Path) -> None:
    pod = of_kind(manifest, "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounts = {each["mountPath"]: volumes[each["name"]] for each in container["volumeMounts"]}
    held = manifest if manifest.name == "agent.yaml" else manifest.with_name("sidecar.yaml")
    settings = of_kind(held, "ConfigMap", "Secret")
    of = mounts["/etc/woa"].get("configMap") or mounts["/etc/woa"]["secret"]

    assert container["args"] == ["agent", "run", "-c", "/etc/woa/woa.yaml"]
    assert settings["metadata"]["name"] in of.values()
    text = (settings.get("data") or settings["stringData"])["woa.yaml"]
    assert yaml.safe_load(text)["state_dir"] == "/var/lib/woa"
    assert "emptyDir" in mounts["/var/lib/woa"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
