"""Who may ask: API tokens, browser sessions and one-time login codes.

A secret is 256 random bits, so its SHA-256 is all that has to be kept, and a slow password hash
would only give an attacker something to exhaust. Secrets are looked up by their hash in an index.
How long that takes can tell about hashes only, and nobody can aim a guess at a chosen hash, so
nothing here needs to compare in constant time. A token that a person chose is as strong as they
chose it.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Delete, and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from store.engine import connected
from store.tables import API_TOKENS

__all__ = ["SESSION_LIFE", "Principal", "PrincipalKind", "Tokens"]

TOKEN_PREFIX = "woa_pat_"
ADMIN_NAME = "admin"
LOGIN_CODE_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(days=7)
LAST_USED_PRECISION = timedelta(minutes=1)


class PrincipalKind(StrEnum):
    """How somebody proves who they are."""

    TOKEN = "token"
    SESSION = "session"


LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who may ask."""

    id: UUID
    kind: PrincipalKind
    name: str


@dataclass(frozen=True, slots=True)
class _Grant:
    """A row of api_tokens to be."""

    kind: str
    name: str
    secret: SecretStr
    life: timedelta | None = None
    id: UUID = field(default_factory=uuid4)

    def insert(self, now: datetime) -> Insert:
        return insert(API_TOKENS).values(
            id=self.id,
            kind=self.kind,
            name=self.name,
            secret_hash=_hash(self.secret.get_secret_value()),
            created_at=now,
            expires_at=now + self.life if self.life else None,
        )


class Tokens:
    """Makes and checks secrets. No secret can be read back: only its hash is kept.

    Every method raises `StoreUnavailableError` when PostgreSQL does not answer in time.
    """

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def ensure_admin_token(self, chosen: SecretStr | None) -> SecretStr | None:
        """See to it that there is an admin token.

        A chosen one replaces the admin token before it. Without a choice one is made if there
        is none, and returned this once; null means that there already was one.
        """
        async with connected(self._engine) as connection:
            if chosen is not None:
                await self._choose_admin(connection, chosen)
                return None
            if await self._has_admin(connection):
                return None
            return await self._make_token(connection, ADMIN_NAME)

    async def replace_token(self, name: str) -> SecretStr:
        """A new token of this name; those of the name before it stop working."""
        async with connected(self._engine) as connection:
            await connection.execute(_forget_named(name))
            return await self._make_token(connection, name)

    async def forget_token(self, name: str) -> None:
        """Tokens of this name stop working."""
        async with connected(self._engine) as connection:
            await connection.execute(_forget_named(name))

    async def create_login_code(self) -> SecretStr:
        """A code that opens one browser session within ten minutes."""
        now = self._clock()
        grant = _Grant(LOGIN, "login link", SecretStr(secrets.token_urlsafe(32)), LOGIN_CODE_LIFE)
        async with connected(self._engine) as connection:
            await connection.execute(_forget_spent(now))
            await connection.execute(grant.insert(now))
        return grant.secret

    async def redeem_login_code(self, code: str) -> SecretStr | None:
        """A session's secret, good for seven days; null for a wrong, old or used code.

        Of several who redeem one code at once, one gets a session.
        """
        now = self._clock()
        use_up = (
            update(API_TOKENS)
            .where(_live(code, now), API_TOKENS.c.kind == LOGIN)
            .values(revoked_at=now)
            .returning(API_TOKENS.c.id)
        )
        async with connected(self._engine) as connection:
            if await connection.scalar(use_up) is None:
                return None
            secret = SecretStr(secrets.token_urlsafe(32))
            grant = _Grant(PrincipalKind.SESSION, "browser", secret, SESSION_LIFE)
            await connection.execute(grant.insert(now))
            return secret

    async def verify(self, secret: str) -> Principal | None:
        """Whose secret it is; null when it is unknown, expired, revoked or a login code."""
        now = self._clock()
        kinds = [kind.value for kind in PrincipalKind]
        statement = select(
            API_TOKENS.c.id, API_TOKENS.c.kind, API_TOKENS.c.name, API_TOKENS.c.last_used_at
        ).where(_live(secret, now), API_TOKENS.c.kind.in_(kinds))
        async with connected(self._engine) as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                return None
            if row.last_used_at is None or row.last_used_at <= now - LAST_USED_PRECISION:
                await connection.execute(
                    update(API_TOKENS).where(API_TOKENS.c.id == row.id).values(last_used_at=now)
                )
            return Principal(row.id, PrincipalKind(row.kind), row.name)

    async def _make_token(self, connection: AsyncConnection, name: str) -> SecretStr:
        identity = uuid4()
        made = SecretStr(f"{TOKEN_PREFIX}{identity.hex}_{secrets.token_urlsafe(32)}")
        grant = _Grant(PrincipalKind.TOKEN, name, made, id=identity)
        await connection.execute(grant.insert(self._clock()))
        return made

    async def _choose_admin(self, connection: AsyncConnection, chosen: SecretStr) -> None:
        now = self._clock()
        others = and_(
            API_TOKENS.c.kind == PrincipalKind.TOKEN,
            API_TOKENS.c.name == ADMIN_NAME,
            API_TOKENS.c.secret_hash != _hash(chosen.get_secret_value()),
            API_TOKENS.c.revoked_at.is_(None),
        )
        await connection.execute(update(API_TOKENS).where(others).values(revoked_at=now))
        grant = _Grant(PrincipalKind.TOKEN, ADMIN_NAME, chosen)
        await connection.execute(
            grant.insert(now).on_conflict_do_update(
                index_elements=[API_TOKENS.c.secret_hash], set_={"revoked_at": None}
            )
        )

    async def _has_admin(self, connection: AsyncConnection) -> bool:
        live_admin = select(API_TOKENS.c.id).where(
            API_TOKENS.c.kind == PrincipalKind.TOKEN,
            API_TOKENS.c.name == ADMIN_NAME,
            API_TOKENS.c.revoked_at.is_(None),
        )
        return await connection.scalar(live_admin.limit(1)) is not None


def _forget_spent(now: datetime) -> Delete:
    passing = [LOGIN, PrincipalKind.SESSION.value]
    return delete(API_TOKENS).where(API_TOKENS.c.kind.in_(passing), API_TOKENS.c.expires_at < now)


def _forget_named(name: str) -> Delete:
    return delete(API_TOKENS).where(
        API_TOKENS.c.kind == PrincipalKind.TOKEN.value, API_TOKENS.c.name == name
    )


def _hash(secret: str) -> bytes:
    # A lone surrogate is no text; it must not match, and must not fail either.
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _live(secret: str, now: datetime) -> ColumnElement[bool]:
    expires_at = API_TOKENS.c.expires_at
    return and_(
        API_TOKENS.c.secret_hash == _hash(secret),
        API_TOKENS.c.revoked_at.is_(None),
        or_(expires_at.is_(None), expires_at > now),
    )
