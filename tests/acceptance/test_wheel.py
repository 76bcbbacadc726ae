"""The wheel, installed in a clean environment, is the whole product and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from benchmarks.product import LINK, Product, free_port, leftovers
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(900)]

ROOT = Path(__file__).parent.parent.parent
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
ORCHESTRATORS = "/api/v1/orchestration-analytics/orchestrators"
PACKAGES = {"contracts", "bus", "store", "analytics", "agents", "ingest", "api", "cli"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / "api" / "static" / "index.html").is_file():
        require_or_skip("acceptance", "the dashboard is not built: make dashboard")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT],
        check=True,
    )
    (built,) = folder.glob("woa-*.whl")
    return built


def test_it_holds_the_packages_the_schema_and_the_page(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert {"store/schema.sql", "api/static/index.html"} <= set(names)
    assert any(name.startswith("store/migrations/") for name in names)


def test_a_clean_environment_runs_the_demo(wheel: Path, open_dir: Path) -> None:
    environment = open_dir / "environment"
    python = environment / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run(
        [python, *PIP[1:], "install", "--constraint", _constraints(open_dir), f"{wheel}[demo]"],
        check=True,
    )
    state_dir, port = open_dir / "state", free_port()
    process = subprocess.Popen(
        [environment / "bin" / "woa", "up", "--demo"],
        cwd=open_dir,
        env={"PATH": "/usr/bin:/bin", "WOA_STATE_DIR": str(state_dir), "WOA_API__PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    product = Product(process, state_dir, port)
    try:
        link = product.wait_for_line(LINK.pattern, timeout_s=180).group(0)
        with httpx.Client(follow_redirects=True, timeout=60) as browser:
            page = browser.get(link).raise_for_status().text
            watched = browser.get(f"http://127.0.0.1:{port}{ORCHESTRATORS}").raise_for_status()
    finally:
        code = product.stop()

    assert '<div id="root">' in page
    assert "items" in watched.json()
    assert (code, leftovers(state_dir)) == (0, [])


def _constraints(folder: Path) -> str:
    """The locked versions without their hashes, so that the test does not move with PyPI."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.removesuffix(" \\") for line in lines if "==" in line and line[0].isalnum()]
    path = folder / "constraints.txt"
    path.write_text("\n".join(pins) + "\n")
    return str(path)
