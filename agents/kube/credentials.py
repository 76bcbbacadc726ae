"""Where the API server is, whom to trust and what to sign with.

A kubeconfig's tokens, token files, client certificates and exec plugins are read; its older
authentication providers are not. Tokens in files rotate: they are read again each minute.
"""

import asyncio
import base64
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from agents.collector import CollectorError, UnauthorizedError
from agents.kube.kubeconfig import Kubeconfig, usual_paths
from agents.kube.settings import KubeAccess

__all__ = ["Access", "BearerAuth", "access", "by_token_file", "runs_in_a_cluster"]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
READ_AGAIN = timedelta(minutes=1)
EXEC_LIMIT_S = 20.0

Token = Callable[[datetime], str | None]


@dataclass(frozen=True)
class Access:
    """One API server, and how to talk to it."""

    url: str
    trust: ssl.SSLContext | bool
    auth: httpx.Auth | None


class BearerAuth(httpx.Auth):
    """Signs with the token that `token` gives at the time."""

    def __init__(self, read: Token) -> None:
        self.token = read

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await asyncio.to_thread(self.token, datetime.now(UTC))
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        yield request


def access(settings: KubeAccess, environment: Mapping[str, str] | None = None) -> Access:
    """Raises `CollectorError` naming the file or setting that is wrong."""
    known = os.environ if environment is None else environment
    try:
        if settings.api_url is not None:
            return _by_address(settings)
        if settings.kubeconfig is None and settings.context is None and runs_in_a_cluster(known):
            host = known["KUBERNETES_SERVICE_HOST"]
            return _in_cluster(host, known.get("KUBERNETES_SERVICE_PORT", "443"))
        paths = [settings.kubeconfig.expanduser()] if settings.kubeconfig else usual_paths(known)
        return _by_kubeconfig(paths, settings.context)
    except (OSError, ssl.SSLError) as error:
        raise CollectorError(f"cannot read {getattr(error, 'filename', '')}: {error}") from error


def by_token_file(path: Path) -> BearerAuth:
    """Signs with what the file holds; it is read again each minute."""
    return BearerAuth(_TokenFile(path))


def runs_in_a_cluster(environment: Mapping[str, str]) -> bool:
    """Whether this is a pod with a service account."""
    return "KUBERNETES_SERVICE_HOST" in environment and (SERVICE_ACCOUNT / "token").exists()


def _by_address(settings: KubeAccess) -> Access:
    trust: ssl.SSLContext | bool = True
    if settings.ca_file is not None:
        trust = ssl.create_default_context(cafile=settings.ca_file)
    auth = None if settings.token_file is None else by_token_file(settings.token_file)
    return Access(str(settings.api_url).rstrip("/"), trust, auth)


def _in_cluster(host: str, port: str) -> Access:
    named = f"[{host}]" if ":" in host else host
    trust = ssl.create_default_context(cafile=SERVICE_ACCOUNT / "ca.crt")
    return Access(f"https://{named}:{port}", trust, by_token_file(SERVICE_ACCOUNT / "token"))


def _by_kubeconfig(paths: Sequence[Path], context: str | None) -> Access:
    config = Kubeconfig.read(paths)
    if not config.files:
        raise CollectorError(
            f"there is no kubeconfig at {', '.join(map(str, paths))}: "
            "set kubeconfig, KUBECONFIG, or api_url"
        )
    try:
        about, _ = config.entry("contexts", context or config.current_context)
        cluster, beside_cluster = config.entry("clusters", about["cluster"])
        user, beside_user = config.entry("users", about["user"])
        trust = _trust(cluster, user, beside_cluster, beside_user)
        auth = _auth(user, beside_user, trust, _described(cluster, beside_cluster))
        return Access(str(cluster["server"]).rstrip("/"), trust, auth)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CollectorError(f"{config} is no kubeconfig that can be used: {error!r}") from error


def _trust(
    cluster: Mapping[str, Any],
    user: Mapping[str, Any],
    beside_cluster: Path,
    beside_user: Path,
) -> ssl.SSLContext | bool:
    if str(cluster["server"]).startswith("http:"):
        return True
    authority = _data(cluster, "certificate-authority", beside_cluster)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = (
        _data(user, name, beside_user) for name in ("client-certificate", "client-key")
    )
    if certificate and key:
        _load_chain(context, certificate, key)
    return context


def _load_chain(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Python reads these from files only; the key is gone before this returns."""
    with tempfile.NamedTemporaryFile(prefix="woa-", suffix=".pem") as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)


def _data(part: Mapping[str, Any], name: str, folder: Path) -> bytes | None:
    if part.get(f"{name}-data"):
        return base64.b64decode(part[f"{name}-data"])
    if part.get(name):
        return (folder / str(part[name])).read_bytes()
    return None


def _described(cluster: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The cluster as an exec plugin is told of it, where it wants to be."""
    authority = _data(cluster, "certificate-authority", folder)
    told: dict[str, Any] = {"server": cluster["server"]}
    if authority:
        told["certificate-authority-data"] = base64.b64encode(authority).decode()
    if cluster.get("insecure-skip-tls-verify"):
        told["insecure-skip-tls-verify"] = True
    return told


def _auth(
    user: Mapping[str, Any],
    folder: Path,
    trust: ssl.SSLContext | bool,
    cluster: Mapping[str, Any],
) -> httpx.Auth | None:
    if user.get("tokenFile"):
        return by_token_file(folder / user["tokenFile"])
    if user.get("token"):
        token = str(user["token"])
        return BearerAuth(lambda _: token)
    if user.get("exec"):
        return BearerAuth(_ExecPlugin(user["exec"], folder, trust, cluster))
    if user.get("username"):
        return httpx.BasicAuth(str(user["username"]), str(user.get("password", "")))
    if user.get("auth-provider"):
        raise CollectorError("kubeconfig: auth-provider is not supported, use an exec plugin")
    return None


class _TokenFile:
    """A bound token of a service account is a new one every hour."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token: str | None = None
        self._until = datetime.min.replace(tzinfo=UTC)

    def __call__(self, now: datetime) -> str | None:
        if now >= self._until:
            try:
                self._token = self._path.read_text().strip()
            except OSError as error:
                raise UnauthorizedError(f"cannot read {self._path}: {error.strerror}") from error
            self._until = now + READ_AGAIN
        return self._token


class _ExecPlugin:
    """A program that prints an ExecCredential (client.authentication.k8s.io).

    A client certificate that it gives is shown from the next connection on.
    """

    def __init__(
        self,
        spec: Mapping[str, Any],
        folder: Path,
        trust: ssl.SSLContext | bool,
        cluster: Mapping[str, Any],
    ) -> None:
        self._command = [str(spec["command"]), *map(str, spec.get("args") or ())]
        self._extra = {each["name"]: each["value"] for each in spec.get("env") or ()}
        self._version = str(spec.get("apiVersion", "client.authentication.k8s.io/v1"))
        self._folder = folder
        self._trust = trust
        self._cluster = cluster if spec.get("provideClusterInfo") else None
        self._token: str | None = None
        self._until = datetime.min.replace(tzinfo=UTC)

    def __call__(self, now: datetime) -> str | None:
        if now >= self._until:
            self._token, self._until = self._run(now)
        return self._token

    def _run(self, now: datetime) -> tuple[str | None, datetime]:
        about = {} if self._cluster is None else {"cluster": self._cluster}
        told = {
            "apiVersion": self._version,
            "kind": "ExecCredential",
            "spec": {"interactive": False, **about},
        }
        more = {**self._extra, "KUBERNETES_EXEC_INFO": json.dumps(told)}
        try:
            done = subprocess.run(
                self._command,
                check=True,
                capture_output=True,
                timeout=EXEC_LIMIT_S,
                cwd=self._folder,
                env={**os.environ, **more},
            )
            status = json.loads(done.stdout)["status"]
            expires = status.get("expirationTimestamp")
            until = datetime.fromisoformat(expires) - READ_AGAIN if expires else now + READ_AGAIN
            shown = self._show(status)
            return str(status["token"]) if "token" in status or not shown else None, until
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
            raise UnauthorizedError(f"exec plugin {self._command[0]}: {error!r}") from error

    def _show(self, status: Mapping[str, str]) -> bool:
        """Whether there is a client certificate, to be shown to the server."""
        if "clientCertificateData" not in status:
            return False
        if isinstance(self._trust, ssl.SSLContext):
            certificate, key = status["clientCertificateData"], status["clientKeyData"]
            _load_chain(self._trust, certificate.encode(), key.encode())
        return True
