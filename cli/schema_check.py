"""Whether a database can be written by this version."""

from cli.exits import CommandError
from store.migrate import schema_state

__all__ = ["check_schema"]


async def check_schema(database_url: str) -> None:
    """Others may use the database: a service of its own does not change its structure.

    Raises `CommandError`.
    """
    state = await schema_state(database_url)
    if not state.is_current:
        has = "no tables yet" if state.version is None else f"version {state.version}"
        raise CommandError(
            f"the database of WOA_DATABASE_URL has {has}, and version {state.newest} is "
            "needed: run `woa db migrate`"
        )
