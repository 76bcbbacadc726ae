"""How the metrics of schedulers and controller managers are reached, and who is trusted there."""

import ssl
from collections.abc import Iterable

from pydantic import HttpUrl

from agents.collector import CollectorError
from agents.kubernetes.config import KubernetesConfig

__all__ = ["component_addresses", "components_trust"]


def component_addresses(urls: Iterable[HttpUrl]) -> tuple[str, ...]:
    """`/metrics` of each that is given without a path."""
    return tuple(
        f"{str(url).rstrip('/')}/metrics" if url.path in (None, "/") else str(url) for url in urls
    )


def components_trust(config: KubernetesConfig) -> ssl.SSLContext | bool:
    """Raises `CollectorError` when the file cannot be read."""
    if not config.components_verify:
        return False
    if config.components_ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=config.components_ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise CollectorError(f"components_ca_file {config.components_ca_file}: {error}") from error
