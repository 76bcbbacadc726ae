"""`woa login`: a new one-time link for the dashboard of the running product."""

import asyncio
import sys

from cli.running import read_note
from cli.settings import Settings
from cli.surroundings import utc_now
from cli.web import login_link
from store.engine import create_read_engine
from store.errors import StoreUnavailableError
from store.tokens import Tokens

__all__ = ["run_login"]


def run_login(settings: Settings) -> int:
    """Print the link. Exit code 1 when nothing runs on the state folder."""
    note = read_note(settings.state_dir)
    if note is None:
        print(
            f"woa: nothing runs with its data in {settings.state_dir}; start `woa up`, or name "
            "its folder with WOA_STATE_DIR",
            file=sys.stderr,
        )
        return 1
    try:
        print(asyncio.run(_link(note.database_url, note.page_url)))
    except StoreUnavailableError as error:
        print(f"woa: {error}", file=sys.stderr)
        return 1
    return 0


async def _link(database_url: str, page_url: str) -> str:
    engine = create_read_engine(database_url)
    try:
        return await login_link(Tokens(engine, utc_now), page_url)
    finally:
        await engine.dispose()
