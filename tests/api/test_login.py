"""The one-time login link."""

import httpx

from tests.api.world import PREFIX, World


async def test_link_opens_a_session_and_leads_to_the_dashboard(
    world: World, stranger: httpx.AsyncClient
) -> None:
    code = await world.tokens.create_login_code()
    response = await stranger.get("/login", params={"code": code.get_secret_value()})
    opened = await stranger.get(f"{PREFIX}/orchestrators")

    assert response.status_code == 303
    assert response.headers["location"] == "/"
    assert response.headers["cache-control"] == "no-store"
    assert opened.status_code == 200


async def test_cookie_is_out_of_reach_of_scripts_and_other_sites(
    world: World, stranger: httpx.AsyncClient
) -> None:
    code = await world.tokens.create_login_code()
    response = await stranger.get("/login", params={"code": code.get_secret_value()})
    cookie = response.headers["set-cookie"].lower()

    assert cookie.startswith("woa_session=")
    for attribute in ("httponly", "samesite=lax", "path=/", "max-age=604800"):
        assert attribute in cookie


async def test_link_works_once(world: World, stranger: httpx.AsyncClient) -> None:
    code = (await world.tokens.create_login_code()).get_secret_value()
    await stranger.get("/login", params={"code": code})
    stranger.cookies.clear()
    again = await stranger.get("/login", params={"code": code})

    assert again.status_code == 401
    assert "set-cookie" not in again.headers


async def test_wrong_links_say_how_to_get_a_new_one(stranger: httpx.AsyncClient) -> None:
    for query in ("", "?code=", "?code=wrong", "?code=%00", "?code=%ff"):
        response = await stranger.get(f"/login{query}")

        assert response.status_code == 401
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "woa login" in response.text


async def test_old_link_does_not_work(world: World, stranger: httpx.AsyncClient) -> None:
    code = await world.tokens.create_login_code()
    world.clock.advance(minutes=10)
    response = await stranger.get("/login", params={"code": code.get_secret_value()})

    assert response.status_code == 401
