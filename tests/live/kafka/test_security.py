"""TLS, certificates of clients, passwords and tokens, and the least rights, on a real broker."""

import asyncio
import base64
import gc
import json
import shutil
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiokafka.abc import AbstractTokenProvider

from bus.kafka import KafkaPublisher, KafkaSubscriber
from bus.kafka_acls import Role, commands, grants
from bus.kafka_rewind import rewind
from bus.kafka_settings import KafkaSettings
from bus.kafka_topics import create_topics, topic_states
from bus.port import BusUnavailableError
from cli.surroundings import utc_now
from contracts.topics import RECORD_TOPICS, Topic
from tests.bus.contract import message, texts
from tests.live.kafka.conftest import new_broker
from tests.live.kafka.secured import PASSWORD, SecuredBroker, make_certificates
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

PATIENCE_S = 90.0
PRINCIPALS = {
    Role.AGENT: "User:woa-agent",
    Role.INGEST: "User:woa-ingest",
    Role.OPERATOR: "User:woa-operator",
    Role.CONSUMER: "User:reports",
}
GROUP = "woa-ingest"
READ_TOPICS = [topic.value for topic in RECORD_TOPICS]


class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is not typed
    """Tokens that nobody signed: the broker of the tests takes them."""

    subject = "woa-agent"

    async def token(self) -> str:
        now_s = int(time.time())
        claims = {"sub": self.subject, "iat": now_s, "exp": now_s + 300}
        parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
        return ".".join(
            [*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""]
        )


class WrongTokens(AbstractTokenProvider):  # type: ignore[misc]
    """No token at all."""

    async def token(self) -> str:
        return "nonsense"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """One broker for all tests of this module. Nobody has a right on anything yet."""
    if shutil.which("openssl") is None:
        require_or_skip("live", "openssl is not installed: no certificates can be made")
    folder = tmp_path_factory.mktemp("secured")
    make_certificates(folder)
    broker = SecuredBroker(folder, new_broker(folder).source)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(autouse=True)
def refused_connections() -> Iterator[None]:
    """TLS is closed by both sides, and a broker that refuses us may not answer: what is left of
    such a connection when the test's loop ends is collected here, where it disturbs no other test.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def settings(broker: SecuredBroker, **values: object) -> KafkaSettings:
    """In TLS, as SASL says unless told otherwise."""
    defaults = {
        "bootstrap_servers": broker.sasl_address,
        "security_protocol": "SASL_SSL",
        "ssl_ca_file": broker.folder / "ca.pem",
        "group_id": f"group-{uuid.uuid4()}",
        "request_timeout_s": 10,
    }
    return KafkaSettings.model_validate(defaults | values)


def as_user(broker: SecuredBroker, name: str, **values: object) -> KafkaSettings:
    return settings(broker, username=name, password=PASSWORD, **values)


def with_certificate(broker: SecuredBroker, name: str) -> KafkaSettings:
    return settings(
        broker,
        bootstrap_servers=broker.ssl_address,
        security_protocol="SSL",
        ssl_cert_file=broker.folder / f"{name}.crt",
        ssl_key_file=broker.folder / f"{name}.key",
    )


def give(broker: SecuredBroker, principals: Mapping[Role, str], group: str = GROUP) -> None:
    """As `woa kafka acls` prints it."""
    wanted = grants(KafkaSettings(group_id=group), principals, "reports")
    for line in commands(broker.address, wanted):
        broker.tool(line)


async def everything(broker: SecuredBroker, topic: str) -> None:
    """Make the topic, and let everybody who is known use it."""
    await create_topics(KafkaSettings(bootstrap_servers=broker.address), [topic], 1, 1)
    for name in ("woa-agent", "CN=woa-agent"):
        principal = ("--allow-principal", f"User:{name}", "--operation", "All")
        words = ("kafka-acls.sh", "--bootstrap-server", "-", "--add", *principal)
        await asyncio.to_thread(broker.tool, " ".join([*words, "--topic", topic, "--group", "*"]))


async def there_and_back(settings: KafkaSettings, topic: str) -> list[str]:
    """Publish a message and receive it."""
    async with (
        KafkaPublisher(settings) as publisher,
        KafkaSubscriber(settings, [topic]) as subscriber,
        asyncio.timeout(PATIENCE_S),
    ):
        await publisher.publish([message("one", topic=topic)])
        while not (deliveries := await subscriber.receive(10, 0.5)):
            pass
        await subscriber.commit(deliveries)
        return texts(deliveries)


@pytest.mark.parametrize(
    "values",
    [
        {"sasl_mechanism": "SCRAM-SHA-512"},
        {"sasl_mechanism": "SCRAM-SHA-256"},
        {"sasl_mechanism": "PLAIN"},
        {"sasl_mechanism": "OAUTHBEARER", "oauth_token_provider": f"{__name__}:Tokens"},
        {"security_protocol": "SSL"},
    ],
    ids=lambda values: values.get("sasl_mechanism", "mTLS"),
)
async def test_messages_go_there_and_back(secured: SecuredBroker, values: dict[str, str]) -> None:
    topic = f"test-{uuid.uuid4()}"
    await everything(secured, topic)
    known = (
        with_certificate(secured, "woa-agent")
        if "security_protocol" in values
        else as_user(secured, "woa-agent", **values)
    )

    assert await there_and_back(known, topic) == ["one"]


async def refusals(settings: KafkaSettings) -> list[str]:
    """What a publisher and a subscriber are told."""
    told = []
    async with KafkaPublisher(settings) as publisher, KafkaSubscriber(settings, ["t"]) as end:
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(BusUnavailableError) as refused:
                await publisher.publish([message("one")])
            told.append(str(refused.value))
            with pytest.raises(BusUnavailableError) as refused:
                await end.receive(1, 0.1)
            told.append(str(refused.value))
    return told


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_a_wrong_password_is_told(secured: SecuredBroker, mechanism: str) -> None:
    wrong = settings(secured, username="woa-agent", password="guess", sasl_mechanism=mechanism)

    for told in await refusals(wrong):
        assert "kafka.password" in told


async def test_a_wrong_token_is_told(secured: SecuredBroker) -> None:
    wrong = settings(
        secured,
        sasl_mechanism="OAUTHBEARER",
        oauth_token_provider=f"{__name__}:WrongTokens",
        request_timeout_s=3,
    )

    for told in await refusals(wrong):
        assert "kafka.oauth_token_provider" in told


async def test_an_unknown_authority_is_told(secured: SecuredBroker) -> None:
    wrong = as_user(secured, "woa-agent", ssl_ca_file=secured.folder / "other.pem")

    for told in await refusals(wrong):
        assert "kafka.ssl_ca_file" in told


@pytest.mark.parametrize("certificate", ["stranger", None])
async def test_a_missing_or_unknown_certificate_is_told(
    secured: SecuredBroker, certificate: str | None
) -> None:
    wrong = (
        with_certificate(secured, certificate)
        if certificate
        else settings(secured, bootstrap_servers=secured.ssl_address, security_protocol="SSL")
    )

    for told in await refusals(wrong):
        assert "kafka.ssl_cert_file" in told


async def test_each_role_can_do_its_work_with_its_rights_and_not_without(
    secured: SecuredBroker, tmp_path: Path
) -> None:
    agent, operator = (
        as_user(secured, "woa-agent"),
        as_user(secured, "woa-operator", group_id=GROUP),
    )
    ingest = as_user(secured, "woa-ingest", group_id=GROUP)
    reports = as_user(secured, "reports", group_id="reports")
    topics = [topic.value for topic in Topic]
    with pytest.raises(BusUnavailableError, match="woa kafka acls"):
        await create_topics(operator, topics, 1, 1)

    await asyncio.to_thread(give, secured, {Role.OPERATOR: PRINCIPALS[Role.OPERATOR]})
    made = await create_topics(operator, topics, 1, 1)
    states = await topic_states(operator, topics)
    for refused in (agent, ingest, reports):
        await refused_without_rights(refused)
    await asyncio.to_thread(give, secured, PRINCIPALS)

    async with KafkaPublisher(agent) as publisher:
        await publisher.publish([message("one", topic=topic) for topic in topics[:5]])
        await publisher.publish([message("two", topic=Topic.DEAD_LETTERS.value)])
        with pytest.raises(BusUnavailableError, match="woa kafka acls"):
            await publisher.publish([message("three", topic=Topic.COMMANDS.value)])
    ingested = await received(ingest, [*READ_TOPICS, Topic.DEAD_LETTERS.value], 6)
    read = await received(reports, READ_TOPICS, 5)
    moved = await rewind(operator, READ_TOPICS, utc_now().replace(year=2020), dry_run=False)
    again = await received(ingest, READ_TOPICS, 5)

    assert sorted(made) == sorted(topics)
    assert [state.problems(operator) for state in states] == [()] * len(topics)
    assert (sorted(ingested), read) == (["one"] * 5 + ["two"], ["one"] * 5)
    assert sum(each.messages for each in moved) == 5
    assert again == ["one"] * 5


async def refused_without_rights(settings: KafkaSettings) -> None:
    async with KafkaPublisher(settings) as publisher, KafkaSubscriber(settings, READ_TOPICS) as end:
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(BusUnavailableError, match="woa kafka acls"):
                await publisher.publish([message("one")])
            with pytest.raises(BusUnavailableError, match="woa kafka acls"):
                await receive_for_ever(end)


async def receive_for_ever(subscriber: KafkaSubscriber) -> None:
    while True:
        await subscriber.receive(1, 0.5)


async def received(settings: KafkaSettings, topics: list[str], number: int) -> list[str]:
    taken: list[str] = []
    async with KafkaSubscriber(settings, topics) as subscriber, asyncio.timeout(PATIENCE_S):
        while len(taken) < number:
            deliveries = await subscriber.receive(number - len(taken), 0.5)
            await subscriber.commit(deliveries)
            taken += texts(deliveries)
    return taken
