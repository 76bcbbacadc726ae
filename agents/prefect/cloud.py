"""Addresses of Prefect Cloud, and what it does not have.

After the client that Prefect publishes: it takes an address below `api.prefect.cloud/api` for
Cloud, signs with a key alone, asks for no token against forged requests, and for no version.
"""

import re
from urllib.parse import urlsplit

from agents.missing import Missing

__all__ = ["NO_CLOUD_METRICS", "NO_CLOUD_VERSION", "address_error", "is_cloud", "workspace_of"]

HOST = "prefect.cloud"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
WORKSPACE = re.compile(f"/accounts/({UUID})/workspaces/({UUID})/?$", re.IGNORECASE)
SHAPE = "https://api.prefect.cloud/api/accounts/ACCOUNT/workspaces/WORKSPACE, with their ids"
NO_CLOUD_METRICS = Missing("Prefect Cloud has no metrics of a server of ours")
NO_CLOUD_VERSION = Missing("Prefect Cloud does not tell a version")


def is_cloud(url: str) -> bool:
    """Whether it is an address of Cloud, be it whole or not."""
    host = urlsplit(url).hostname or ""
    return host == HOST or host.endswith(f".{HOST}") or workspace_of(url) is not None


def workspace_of(url: str) -> str | None:
    """The id of the workspace; None where the address does not end with one."""
    found = WORKSPACE.search(urlsplit(url).path)
    return found.group(2) if found else None


def address_error(url: str) -> str | None:
    """What is wrong with an address of Cloud: that of its pages is often taken for it."""
    host = urlsplit(url).hostname or ""
    if workspace_of(url) is None:
        return f"api_url of Prefect Cloud is {SHAPE}"
    if host.endswith(HOST) and (host == f"app.{HOST}" or not url.startswith("https:")):
        return f"api_url of Prefect Cloud is {SHAPE}: not its pages (app.), and https"
    return None
