"""Where data is kept. For commands beside a running product too, which must start quickly."""

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["default_state_dir", "state_dir_of"]


def default_state_dir() -> Path:
    """Unless told otherwise: root has a system folder, others their own."""
    if os.geteuid() == 0:
        return Path("/var/lib/woa")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "woa"


def state_dir_of(environ: Mapping[str, str]) -> Path:
    """What `WOA_STATE_DIR` says, or the default."""
    named = environ.get("WOA_STATE_DIR")
    return Path(named) if named else default_state_dir()
