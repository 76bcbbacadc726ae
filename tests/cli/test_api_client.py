"""What a server may answer that is no list, each told in a line."""

from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from cli.api_client import ApiClient
from cli.contexts import Target
from cli.exits import CommandError, Exit, UsageError

PROBLEM = {"content-type": "application/problem+json"}


def asked(answer: Callable[[httpx.Request], httpx.Response], name: str = "production") -> str:
    """What is said about an answer that is a failure."""
    target = Target(name, "https://woa.example.com", SecretStr("s3cret"))
    with (
        ApiClient(target, httpx.MockTransport(answer)) as client,
        pytest.raises(CommandError) as caught,
    ):
        client.list("/queues")

    message = str(caught.value)
    assert "s3cret" not in message
    assert "https://woa.example.com" in message
    return message


def problem(status: int, detail: str) -> Callable[[httpx.Request], httpx.Response]:
    document = {"status": status, "detail": detail, "code": "some_code", "requestId": "r-1"}
    return lambda _: httpx.Response(status, json=document, headers=PROBLEM)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (problem(401, "The token is expired."), "woa context set production --token-file"),
        (problem(403, "This host may not."), "WOA_API__ALLOWED_HOSTS"),
        (problem(404, "There is no orchestrator with the id x."), "no orchestrator"),
        (problem(422, "query.status: wrong"), "query.status: wrong (request r-1)"),
        (problem(503, "The database does not answer now."), "The database does not answer"),
        (lambda _: httpx.Response(404, text="<h1>nginx</h1>"), "is no woa"),
        (lambda _: httpx.Response(200, text="<h1>hello</h1>"), "is no woa"),
        (lambda _: httpx.Response(200, json={"items": None}), "is no woa"),
        (lambda _: httpx.Response(302, headers={"location": "/login"}), "status 302"),
        (lambda _: httpx.Response(500), "status 500"),
        (
            lambda _: httpx.Response(200, json={"items": [], "nextCursor": "again"}),
            "one page of /queues twice",
        ),
    ],
)
def test_the_answer_is_told(answer: Callable[[httpx.Request], httpx.Response], said: str) -> None:
    assert said in asked(answer)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ReadTimeout("slow"), "did not answer within"),
        (httpx.ConnectTimeout("slow"), "did not answer within"),
        (httpx.ConnectError("refused"), "--context"),
        (httpx.RemoteProtocolError("no http"), "no http"),
    ],
)
def test_no_answer_is_told(error: httpx.TransportError, said: str) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    assert said in asked(fail)


def test_the_token_goes_in_the_header_and_nowhere_else() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"items": [], "nextCursor": None})

    target = Target("x", "https://woa.example.com", SecretStr("s3cret"))
    with ApiClient(target, httpx.MockTransport(answer)) as client:
        client.list("/queues")

    assert [request.headers["authorization"] for request in seen] == ["Bearer s3cret"]
    assert "s3cret" not in str(seen[0].url)


@pytest.mark.parametrize("token", [None, SecretStr("two words"), SecretStr("tökén")])
def test_what_is_no_token_is_not_sent(token: SecretStr | None) -> None:
    with pytest.raises(UsageError, match="woa context set x --token-file") as caught:
        ApiClient(Target("x", "https://woa.example.com", token))

    assert caught.value.exit is Exit.USAGE
