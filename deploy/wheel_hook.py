"""Refuses to build a wheel or an sdist without the dashboard."""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DashboardHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's generic has no default
    """Runs at the start of each build."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Editable installs are exempt: `make dashboard` builds the page afterwards."""
        del build_data
        page = Path(self.root) / "api" / "static" / "index.html"
        if version == "editable" or page.is_file():
            return
        if os.environ.get("WOA_BUILD_WITHOUT_DASHBOARD"):
            return
        raise RuntimeError(
            f"{page} is missing: run `make dashboard` first (needs Node 20), or set "
            "WOA_BUILD_WITHOUT_DASHBOARD=1 for a wheel that serves the API only"
        )
