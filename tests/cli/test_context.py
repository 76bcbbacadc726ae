"""`woa context`, and which server a command asks."""

import json
import os
from pathlib import Path

import pytest

from cli.contexts import Target, contexts_file, target_of
from cli.exits import CommandError, UsageError
from cli.running import RunningNote, noted
from tests.api.world import TOKEN
from tests.cli.conftest import Served
from tests.cli.woa import Answer, invoke, places, woa

URL = "https://woa.example.com"


def set_(folder: Path, name: str, *arguments: str, stdin: str = TOKEN) -> Answer:
    return woa("context", "set", name, *arguments, folder=folder, stdin=stdin)


def listed(folder: Path) -> dict[str, dict[str, object]]:
    answer = invoke("context", "list", "-o", "json", folder=folder)
    return {context["name"]: context for context in json.loads(answer.out)}


def target(folder: Path, chosen: str | None = None, **env: str) -> Target:
    return target_of(chosen, {**places(folder), **env})


def token(target: Target) -> str | None:
    return target.token.get_secret_value() if target.token else None


def test_a_context_is_made_used_and_deleted(tmp_path: Path) -> None:
    made = set_(tmp_path, "production", "--url", f"{URL}/", "--token-file", "-")
    used = invoke("context", "use", "production", folder=tmp_path)
    current = invoke("context", "current", folder=tmp_path)
    chosen = target(tmp_path)
    deleted = invoke("context", "delete", "production", folder=tmp_path)

    assert [made.code, used.code, current.code, deleted.code] == [0, 0, 0, 0]
    assert current.out == f"production  {URL}\n"
    assert (chosen.url, token(chosen)) == (URL, TOKEN)
    assert [name for name, one in listed(tmp_path).items() if one["current"]] == ["local"]


def test_the_file_is_its_owners_and_the_token_is_never_shown(tmp_path: Path) -> None:
    made = set_(tmp_path, "production", "--url", URL, "--token-file", "-")
    shown = [
        invoke("context", *command, folder=tmp_path)
        for command in (("list",), ("list", "-o", "json"), ("use", "production"), ("current",))
    ]
    path = contexts_file(places(tmp_path))

    assert path.stat().st_mode & 0o777 == 0o600
    assert TOKEN in path.read_text()
    assert [answer for answer in (made, *shown) if TOKEN in answer.out + answer.err] == []


def test_the_token_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text(f"{TOKEN}\n")
    set_(tmp_path, "production", "--url", URL, "--token-file", str(tmp_path / "token.txt"))

    assert token(target(tmp_path, "production")) == TOKEN


def test_setting_one_thing_keeps_the_other(tmp_path: Path) -> None:
    set_(tmp_path, "production", "--url", URL, "--token-file", "-")
    set_(tmp_path, "production", "--url", "https://other.example.com")
    changed = target(tmp_path, "production")
    set_(tmp_path, "production", "--token-file", "-", stdin="another-token")

    assert (changed.url, token(changed)) == ("https://other.example.com", TOKEN)
    assert token(target(tmp_path, "production")) == "another-token"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "new"), "--url"),
        (("set", "new", "--url", "woa.example.com"), "--url"),
        (("set", "new", "--url", "http://woa.example.com:many"), "--url"),
        (("set", "new", "--url", "https://me:pass@woa.example.com"), "token instead"),
        (("set", "new", "--url", URL, "--token-file", "/absent"), "/absent"),
        (("set", "local", "--url", URL), "choose another name"),
        (("use", "nowhere"), "there are: local"),
        (("delete", "nowhere"), "there are: local"),
        (("delete", "local"), "cannot be deleted"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_command_is_told(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    answer = invoke("context", *arguments, folder=tmp_path)

    assert answer.code == 2
    assert said in answer.err


def test_an_empty_token_is_refused(tmp_path: Path) -> None:
    answer = set_(tmp_path, "production", "--url", URL, "--token-file", "-", stdin="\n")

    assert answer.code == 2
    assert "--token-file" in answer.err


def test_a_token_in_clear_text_is_warned_of(tmp_path: Path) -> None:
    far = set_(tmp_path, "far", "--url", "http://woa.example.com", "--token-file", "-")
    near = set_(tmp_path, "near", "--url", "http://127.0.0.1:8650", "--token-file", "-")

    assert "clear text" in far.err
    assert near.err == ""


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    set_(tmp_path, "production", "--url", URL, "--token-file", "-")
    contexts_file(places(tmp_path)).chmod(0o644)
    answer = invoke("context", "list", folder=tmp_path)

    assert answer.code == 2
    assert "chmod 600" in answer.err


@pytest.mark.parametrize("text", ["a: [", "contexts: {x: {url: 7}}", "nonsense: 1", "[1]"])
def test_a_broken_file_is_named(text: str, tmp_path: Path) -> None:
    path = contexts_file(places(tmp_path))
    path.parent.mkdir(parents=True)
    path.touch(mode=0o600)
    path.write_text(text)
    answer = invoke("context", "list", folder=tmp_path)

    assert answer.code == 2
    assert str(path) in answer.err


def test_the_running_product_is_the_default(tmp_path: Path) -> None:
    note = RunningNote(os.getpid(), "http://127.0.0.1:8650", "postgresql:///x", "its-token")
    with noted(tmp_path, note):
        found = target(tmp_path)
        shown = listed(tmp_path)["local"]
    with pytest.raises(CommandError, match="woa up"):
        target(tmp_path)

    assert (found.name, found.url, token(found)) == ("local", "http://127.0.0.1:8650", "its-token")
    assert (shown["url"], shown["current"]) == ("http://127.0.0.1:8650", True)


def test_what_goes_before_what(tmp_path: Path) -> None:
    set_(tmp_path, "production", "--url", URL, "--token-file", "-")
    set_(tmp_path, "bare", "--url", "https://bare.example.com")
    invoke("context", "use", "production", folder=tmp_path)
    env = {"WOA_URL": "https://env.example.com", "WOA_TOKEN": "of-the-environment"}

    assert target(tmp_path).url == URL
    assert target(tmp_path, **env).url == "https://env.example.com"
    assert token(target(tmp_path, **env)) == "of-the-environment"
    assert target(tmp_path, "bare", **env).url == "https://bare.example.com"
    assert token(target(tmp_path, "bare", **env)) == "of-the-environment"
    assert token(target(tmp_path, "production", **env)) == TOKEN


def test_a_wrong_address_in_the_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="WOA_URL"):
        target(tmp_path, WOA_URL="woa.example.com")


async def test_get_asks_the_chosen_context(served: Served) -> None:
    set_(served.folder, "here", "--url", served.url, "--token-file", "-")
    used = await served.woa("get", "queues", "--context", "here", WOA_URL="", WOA_TOKEN="")
    unknown = await served.woa("get", "queues", "--context", "nowhere")

    assert (used.code, used.out) == (0, "No queues\n")
    assert (unknown.code, "there are: local, here" in unknown.err) == (2, True)
