"""The dashboard's files, and what is there without them."""

from pathlib import Path

import httpx
import pytest

from tests.api.world import World


@pytest.fixture
def built(apart: World) -> Path:
    """A built dashboard."""
    assets = apart.static_dir / "assets"
    assets.mkdir(parents=True)
    (apart.static_dir / "index.html").write_text("<title>the dashboard</title>")
    (apart.static_dir / "favicon.svg").write_text("<svg/>")
    (assets / "index-abc123.js").write_text("export {}")
    (apart.static_dir.parent / "outside.txt").write_text("not for you")
    return apart.static_dir


@pytest.mark.parametrize("path", ["/", "/orchestrators/x", "/no/such/page", "/metricsx", "/apix"])
async def test_every_path_outside_the_api_is_the_dashboard(
    path: str, built: Path, passerby: httpx.AsyncClient
) -> None:
    response = await passerby.get(path)

    assert response.status_code == 200
    assert "the dashboard" in response.text
    assert response.headers["cache-control"] == "no-cache"


async def test_assets_never_change(built: Path, passerby: httpx.AsyncClient) -> None:
    response = await passerby.get("/assets/index-abc123.js")

    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/javascript")


async def test_other_files_are_asked_for_again(built: Path, passerby: httpx.AsyncClient) -> None:
    first = await passerby.get("/favicon.svg")
    again = await passerby.get("/favicon.svg", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    ["/../outside.txt", "/assets/../../outside.txt", "/..%2foutside.txt", "/%2e%2e/outside.txt"],
)
async def test_nothing_outside_the_folder_is_served(
    path: str, built: Path, passerby: httpx.AsyncClient
) -> None:
    response = await passerby.get(path)

    assert "not for you" not in response.text


async def test_without_a_build_the_page_says_how_to_make_one(passerby: httpx.AsyncClient) -> None:
    response = await passerby.get("/")

    assert response.status_code == 200
    assert "make dashboard" in response.text


async def test_a_build_made_while_the_server_runs_is_served(
    apart: World, passerby: httpx.AsyncClient
) -> None:
    before = await passerby.get("/")
    apart.static_dir.mkdir()
    (apart.static_dir / "index.html").write_text("<title>the dashboard</title>")
    after = await passerby.get("/")

    assert "the dashboard" not in before.text
    assert "the dashboard" in after.text
