"""Orchestrators that are here and are not watched: named by the environment, or on their ports."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from agents.collector import CollectorError
from agents.kube.credentials import runs_in_a_cluster
from agents.kube.kubeconfig import Kubeconfig, usual_paths
from agents.prefect.cloud import is_cloud, workspace_of

__all__ = ["Found", "discover"]

PROBE_S = 0.5
SECRETS = frozenset({"api_key", "auth_string", "password", "token"})


@dataclass(frozen=True)
class Found:
    """One that could be watched. `because` says how it was found."""

    entry: Mapping[str, Any]
    because: str

    @property
    def kind(self) -> str:
        return str(self.entry["type"])

    @property
    def place(self) -> str:
        """Where it is."""
        return str(next((self.entry[name] for name in PLACES if name in self.entry), HERE))

    @property
    def suggestion(self) -> str:
        """The entry of `agents:` to write down, without secrets."""
        shown = (
            f"{name}: {'...' if name in SECRETS else value}" for name, value in self.entry.items()
        )
        return f"{{{', '.join(shown)}}}"


PLACES = ("address", "api_url", "base_url", "server_url", "context")
HERE = "the cluster this runs in"


def discover(
    environment: Mapping[str, str], configured: Sequence[Mapping[str, Any]]
) -> list[Found]:
    """Those of kinds that are not configured: by the environment, else by their usual ports."""
    known = {str(entry.get("type")) for entry in configured}
    named = [found for found in _named(environment) if found.kind not in known]
    known |= {found.kind for found in named}
    return [*named, *_listening(known)]


def _named(environment: Mapping[str, str]) -> Iterator[Found]:
    if address := environment.get("TEMPORAL_ADDRESS"):
        more = _given(environment, namespace="TEMPORAL_NAMESPACE", api_key="TEMPORAL_API_KEY")
        yield Found({**_entry("temporal", address), "address": address, **more}, "TEMPORAL_ADDRESS")
    if url := environment.get("PREFECT_API_URL"):
        yield Found(_prefect(environment, url), "PREFECT_API_URL")
    for name in ("AIRFLOW__API__BASE_URL", "AIRFLOW__WEBSERVER__BASE_URL"):
        if url := environment.get(name):
            yield Found({**_entry("airflow", url), "base_url": url}, name)
            break
    if server := environment.get("ARGO_SERVER"):
        scheme = "http" if environment.get("ARGO_SECURE") == "false" else "https"
        url = f"{scheme}://{server}"
        yield Found({**_entry("argo", url), "server_url": url}, "ARGO_SERVER")
    yield from _kubernetes(environment)


def _prefect(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """Cloud takes a key alone; a server's password goes before a key that is left over."""
    password = {} if is_cloud(url) else _given(environment, auth_string="PREFECT_API_AUTH_STRING")
    signed = password or _given(environment, api_key="PREFECT_API_KEY")
    named = _entry("prefect", url)
    if (workspace := workspace_of(url)) is not None:
        named["instance_id"] = f"prefect-cloud-{workspace.partition('-')[0]}"
    return {**named, "api_url": url, **signed}


def _kubernetes(environment: Mapping[str, str]) -> Iterator[Found]:
    """The cluster this runs in, else the one that the user's kubeconfig is set to."""
    if runs_in_a_cluster(environment):
        entry = {"type": "kubernetes", "instance_id": "kubernetes-here"}
        yield Found(entry, "the service account of this pod")
        return
    with suppress(CollectorError, OSError):  # whatever is broken there is not for us to tell
        config = Kubeconfig.read(usual_paths(environment))
        if context := config.current_context:
            entry = {"type": "kubernetes", "instance_id": f"kubernetes-{context}"}
            yield Found({**entry, "context": context}, f"current context of {config}")


def _given(environment: Mapping[str, str], **names: str) -> dict[str, str]:
    return {field: environment[name] for field, name in names.items() if environment.get(name)}


def _entry(kind: str, place: str) -> dict[str, str]:
    host = urlsplit(place if "//" in place else f"//{place}").hostname or "local"
    return {"type": kind, "instance_id": f"{kind}-{host}"}


def _listening(known: Iterable[str]) -> Iterator[Found]:
    """What answers as one of them on its usual port of this machine."""
    with httpx.Client(timeout=PROBE_S) as http:
        if "prefect" not in known and _says(http, "http://127.0.0.1:4200/api/health") is True:
            url = "http://127.0.0.1:4200/api"
            yield Found({**_entry("prefect", url), "api_url": url}, "port 4200")
        if "airflow" not in known:
            url = "http://127.0.0.1:8080"
            for version in ("v2", "v1"):
                said = _says(http, f"{url}/api/{version}/version")
                if isinstance(said, dict) and "version" in said:
                    yield Found({**_entry("airflow", url), "base_url": url}, "port 8080")
                    break


def _says(http: httpx.Client, url: str) -> object:
    try:
        answer = http.get(url)
        return answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
