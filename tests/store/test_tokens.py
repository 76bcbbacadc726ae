"""Secrets: made, checked, used up, forgotten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import create_read_engine
from store.tokens import PrincipalKind, Tokens
from tests.records import NOON

CHOSEN = SecretStr("a-token-chosen-by-the-operator")


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_read_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(engine: AsyncEngine, clock: Clock) -> Tokens:
    return Tokens(engine, clock)


async def last_used(engine: AsyncEngine) -> datetime | None:
    async with engine.connect() as connection:
        found: datetime | None = await connection.scalar(
            text("SELECT last_used_at FROM api_tokens WHERE kind = 'token'")
        )
        return found


async def session(tokens: Tokens) -> str:
    code = await tokens.create_login_code()
    secret = await tokens.redeem_login_code(code.get_secret_value())
    assert secret is not None
    return secret.get_secret_value()


async def test_a_chosen_admin_token_opens(tokens: Tokens) -> None:
    returned = await tokens.ensure_admin_token(CHOSEN)
    principal = await tokens.verify(CHOSEN.get_secret_value())

    assert returned is None
    assert principal is not None
    assert (principal.name, principal.kind) == ("admin", PrincipalKind.TOKEN)


async def test_a_made_admin_token_is_returned_once_and_opens(tokens: Tokens) -> None:
    made = await tokens.ensure_admin_token(None)
    again = await tokens.ensure_admin_token(None)

    assert made is not None
    assert made.get_secret_value().startswith("woa_pat_")
    assert await tokens.verify(made.get_secret_value()) is not None
    assert again is None


async def test_another_choice_replaces_the_admin_token(tokens: Tokens) -> None:
    await tokens.ensure_admin_token(CHOSEN)
    await tokens.ensure_admin_token(SecretStr("another-choice"))

    assert await tokens.verify(CHOSEN.get_secret_value()) is None
    assert await tokens.verify("another-choice") is not None


async def test_a_choice_can_be_taken_back(tokens: Tokens) -> None:
    for choice in (CHOSEN, SecretStr("another-choice"), CHOSEN, CHOSEN):
        await tokens.ensure_admin_token(choice)

    assert await tokens.verify(CHOSEN.get_secret_value()) is not None
    assert await tokens.verify("another-choice") is None


@pytest.mark.parametrize("wrong", ["", "woa_pat_", "a-token", "\x00", "ü", "\ud800"])
async def test_wrong_secrets_open_nothing(wrong: str, tokens: Tokens) -> None:
    await tokens.ensure_admin_token(CHOSEN)

    assert await tokens.verify(wrong) is None


async def test_only_hashes_are_kept(tokens: Tokens, engine: AsyncEngine) -> None:
    made = await tokens.ensure_admin_token(None)
    opened = await session(tokens)
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT api_tokens::text FROM api_tokens"))
        kept = " ".join(row[0] for row in rows)

    assert made is not None
    assert made.get_secret_value().split("_", 3)[3] not in kept
    assert opened not in kept


async def test_a_login_code_opens_one_session(tokens: Tokens) -> None:
    code = (await tokens.create_login_code()).get_secret_value()
    first = await tokens.redeem_login_code(code)
    second = await tokens.redeem_login_code(code)

    assert first is not None
    assert second is None
    principal = await tokens.verify(first.get_secret_value())
    assert principal is not None
    assert principal.kind is PrincipalKind.SESSION


async def test_of_many_who_redeem_a_code_at_once_one_gets_in(tokens: Tokens) -> None:
    code = (await tokens.create_login_code()).get_secret_value()
    sessions = await asyncio.gather(*(tokens.redeem_login_code(code) for _ in range(8)))

    assert len([one for one in sessions if one is not None]) == 1


async def test_a_login_code_is_no_token(tokens: Tokens) -> None:
    code = await tokens.create_login_code()

    assert await tokens.verify(code.get_secret_value()) is None


async def test_a_token_is_no_login_code(tokens: Tokens) -> None:
    await tokens.ensure_admin_token(CHOSEN)

    assert await tokens.redeem_login_code(CHOSEN.get_secret_value()) is None


async def test_a_login_code_lives_ten_minutes(tokens: Tokens, clock: Clock) -> None:
    code = (await tokens.create_login_code()).get_secret_value()
    clock.advance(minutes=10)

    assert await tokens.redeem_login_code(code) is None


async def test_a_session_lives_seven_days(tokens: Tokens, clock: Clock) -> None:
    secret = await session(tokens)
    clock.advance(days=7, seconds=-1)
    before = await tokens.verify(secret)
    clock.advance(seconds=1)
    after = await tokens.verify(secret)

    assert before is not None
    assert after is None


async def test_use_is_noted_once_a_minute_at_most(
    tokens: Tokens, engine: AsyncEngine, clock: Clock
) -> None:
    await tokens.ensure_admin_token(CHOSEN)
    noted = []
    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        await tokens.verify(CHOSEN.get_secret_value())
        noted.append(await last_used(engine))

    assert noted == [NOON, NOON, NOON + timedelta(seconds=60)]


async def test_what_is_over_is_forgotten(tokens: Tokens, engine: AsyncEngine, clock: Clock) -> None:
    await tokens.ensure_admin_token(CHOSEN)
    await session(tokens)
    clock.advance(days=8)
    await tokens.create_login_code()
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT kind FROM api_tokens ORDER BY kind"))
        kinds = [row[0] for row in rows]

    assert kinds == ["login", "token"]


async def test_a_token_replaces_those_of_its_name_and_no_others(tokens: Tokens) -> None:
    other = await tokens.replace_token("other")
    first = await tokens.replace_token("local")
    second = await tokens.replace_token("local")
    found = [await tokens.verify(secret.get_secret_value()) for secret in (first, second, other)]

    assert [principal and principal.name for principal in found] == [None, "local", "other"]


async def test_a_forgotten_token_stops_working(tokens: Tokens) -> None:
    secret = (await tokens.replace_token("local")).get_secret_value()
    before = await tokens.verify(secret)
    await tokens.forget_token("local")

    assert before is not None
    assert await tokens.verify(secret) is None
