"""Named servers for the command line, with their tokens, in a file that is its owner's only.

`local` is always there: the `woa up` that runs on the state folder, without any set-up.
"""

import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from cli.exits import CommandError, UsageError
from cli.running import read_note
from cli.state_dir import state_dir_of

__all__ = [
    "ENVIRONMENT",
    "LOCAL",
    "Context",
    "Contexts",
    "Target",
    "contexts_file",
    "on_this_machine",
    "target_of",
]

LOCAL = "local"
ENVIRONMENT = "WOA_URL"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Context(BaseModel):
    """One server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    token: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise ValueError("expected an address such as https://woa.example.com")
        if parts.username or parts.password:
            raise ValueError("an address holds no user and no password; give a token instead")
        return url.rstrip("/")


class Contexts(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    current: str = LOCAL
    contexts: dict[str, Context] = Field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Contexts":
        """Those of `path`; none where there is no file. Raises `UsageError`."""
        try:
            with path.open() as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                document = yaml.safe_load(file) or {}
        except FileNotFoundError:
            return cls()
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the contexts in {path}: {error}") from error
        if mode & 0o077:
            raise UsageError(f"others may read {path}, which holds tokens: chmod 600 '{path}'")
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise UsageError(f"{path}: {place}: {first['msg']}") from error

    def save(self, path: Path) -> None:
        """Replace the file at once, readable by its owner only. Raises `CommandError`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
                yaml.safe_dump(self._document(), file, sort_keys=True)
            Path(file.name).replace(path)
        except OSError as error:
            raise CommandError(
                f"cannot write {path}: {error.strerror}; set XDG_CONFIG_HOME to a folder of yours"
            ) from error

    def using(self, name: str) -> "Contexts":
        """The same with another current context. Raises `UsageError`."""
        self.get(name)
        return self.model_copy(update={"current": name})

    def having(self, name: str, context: Context) -> "Contexts":
        """The same with this context, new or replaced. Raises `UsageError`."""
        if name == LOCAL:
            raise UsageError(f"{LOCAL} is what runs on the state folder; choose another name")
        return self.model_copy(update={"contexts": {**self.contexts, name: context}})

    def without(self, name: str) -> "Contexts":
        """The same without this one; `local` is current if that one was. Raises `UsageError`."""
        if name == LOCAL:
            raise UsageError(f"{LOCAL} is what runs on the state folder and cannot be deleted")
        self.get(name)
        left = {known: context for known, context in self.contexts.items() if known != name}
        current = LOCAL if self.current == name else self.current
        return Contexts(current=current, contexts=left)

    def get(self, name: str) -> Context | None:
        """The context; None for `local`. Raises `UsageError` for a name that is not there."""
        if name != LOCAL and name not in self.contexts:
            known = ", ".join((LOCAL, *sorted(self.contexts)))
            raise UsageError(
                f"there is no context {name!r}; there are: {known}. "
                f"`woa context set {name} --url URL` makes it"
            )
        return self.contexts.get(name)

    def _document(self) -> dict[str, Any]:
        contexts = {
            name: {"url": context.url}
            | ({"token": context.token.get_secret_value()} if context.token else {})
            for name, context in self.contexts.items()
        }
        return {"current": self.current, "contexts": contexts}


@dataclass(frozen=True)
class Target:
    """The server that a command asks, and the name under which it was chosen."""

    name: str
    url: str
    token: SecretStr | None


def contexts_file(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/woa/contexts.yaml`, by default below `~/.config`."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "woa" / "contexts.yaml"


def on_this_machine(url: str) -> bool:
    """Whether nothing that is sent there leaves this machine."""
    return urlsplit(url).hostname in LOOPBACK


def target_of(chosen: str | None, environ: Mapping[str, str]) -> Target:
    """The server to ask: `chosen` (--context), else `WOA_URL`, else the current context.

    A context's own token goes before `WOA_TOKEN`, which must not reach a server that it was not
    made for. Raises `CommandError`.
    """
    given = environ.get("WOA_TOKEN")
    token = SecretStr(given) if given else None
    if chosen is None and environ.get(ENVIRONMENT):
        return Target(ENVIRONMENT, _checked(environ[ENVIRONMENT]), token)
    contexts = Contexts.load(contexts_file(environ))
    name = chosen or contexts.current
    context = contexts.get(name)
    if context is None:
        return _local(environ)
    return Target(name, context.url, context.token or token)


def _checked(url: str) -> str:
    try:
        return Context(url=url).url
    except ValidationError as error:
        raise UsageError(f"{ENVIRONMENT}: {error.errors()[0]['msg']}") from error


def _local(environ: Mapping[str, str]) -> Target:
    state_dir = state_dir_of(environ)
    note = read_note(state_dir)
    if note is None:
        raise CommandError(
            f"nothing runs with its data in {state_dir}; start `woa up`, name its folder with "
            "WOA_STATE_DIR, or name a server with --context or WOA_URL"
        )
    return Target(LOCAL, note.page_url, SecretStr(note.token))
