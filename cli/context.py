"""`woa context`: keeps the file of contexts."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr, ValidationError

from cli.contexts import LOCAL, Context, Contexts, contexts_file, on_this_machine, target_of
from cli.exits import CommandError, Exit, UsageError
from cli.tables import UNKNOWN, show_table

__all__ = ["run_current", "run_delete", "run_list", "run_set", "run_use"]


def run_list(environ: Mapping[str, str], *, as_json: bool) -> Exit:
    """Every context, `local` first."""
    kept = Contexts.load(contexts_file(environ))
    local = _local_url(environ)
    contexts = [
        {
            "name": LOCAL,
            "url": local,
            "token": local is not None,
            "current": kept.current == LOCAL,
        }
    ]
    contexts += [
        {
            "name": name,
            "url": context.url,
            "token": context.token is not None,
            "current": kept.current == name,
        }
        for name, context in sorted(kept.contexts.items())
    ]
    if as_json:
        print(json.dumps(contexts, indent=2))
    else:
        show_table(
            ("CURRENT", "NAME", "URL", "TOKEN"),
            [
                (
                    "*" if context["current"] else "",
                    str(context["name"]),
                    str(context["url"] or "not running"),
                    "kept" if context["token"] else UNKNOWN,
                )
                for context in contexts
            ],
        )
    return Exit.OK


def run_current(environ: Mapping[str, str]) -> Exit:
    """The server that the next command asks."""
    target = target_of(None, environ)
    print(f"{target.name}  {target.url}")
    return Exit.OK


def run_use(environ: Mapping[str, str], name: str) -> Exit:
    """Another current context."""
    path = contexts_file(environ)
    Contexts.load(path).using(name).save(path)
    print(f"The context is now {name}")
    return Exit.OK


def run_set(
    environ: Mapping[str, str], name: str, url: str | None, token_file: Path | None
) -> Exit:
    """A new context needs an address; of one that is there only what is given changes."""
    path = contexts_file(environ)
    contexts = Contexts.load(path)
    before = contexts.contexts.get(name)
    if url is None and before is None:
        raise UsageError(f"there is no context {name!r} yet: give its address with --url")
    token = _token(token_file) if token_file else before and before.token
    try:
        context = Context(url=url or (before.url if before else ""), token=token)
    except ValidationError as error:
        raise UsageError(f"--url: {error.errors()[0]['msg']}") from error
    contexts.having(name, context).save(path)
    print(f"Kept {name}: {context.url}{'' if token else ', without a token'}")
    if token and context.url.startswith("http:") and not on_this_machine(context.url):
        print(
            f"woa: tokens travel to {context.url} in clear text; use https beyond this machine",
            file=sys.stderr,
        )
    return Exit.OK


def run_delete(environ: Mapping[str, str], name: str) -> Exit:
    """One context less."""
    path = contexts_file(environ)
    left = Contexts.load(path).without(name)
    left.save(path)
    print(f"Deleted {name}; the context is now {left.current}")
    return Exit.OK


def _local_url(environ: Mapping[str, str]) -> str | None:
    try:
        return target_of(LOCAL, environ).url
    except CommandError:
        return None


def _token(file: Path) -> SecretStr:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the token from {file}: {error}") from error
    if not text.strip():
        raise UsageError(f"--token-file: there is no token in {file}")
    return SecretStr(text.strip())
