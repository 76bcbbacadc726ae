"""`woa login`: a new one-time link for the dashboard of the running product."""

import asyncio

from cli.exits import CommandError, Exit
from cli.running import read_note
from cli.settings import Settings
from cli.surroundings import utc_now
from cli.web import login_link
from store.engine import create_read_engine
from store.errors import StoreUnavailableError
from store.tokens import Tokens

__all__ = ["run_login"]


def run_login(settings: Settings) -> Exit:
    """Print the link. Raises `CommandError`."""
    note = read_note(settings.state_dir)
    if note is None:
        raise CommandError(
            f"nothing runs with its data in {settings.state_dir}; start `woa up`, or name "
            "its folder with WOA_STATE_DIR"
        )
    try:
        print(asyncio.run(_link(note.database_url, note.page_url)))
    except StoreUnavailableError as error:
        raise CommandError(str(error)) from error
    return Exit.OK


async def _link(database_url: str, page_url: str) -> str:
    engine = create_read_engine(database_url)
    try:
        return await login_link(Tokens(engine, utc_now), page_url)
    finally:
        await engine.dispose()
