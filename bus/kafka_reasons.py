"""Why a Kafka cluster does not serve us, in words that name the setting or the fix."""

import asyncio
import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from bus.kafka_connection import connection
from bus.kafka_settings import KafkaSettings

__all__ = ["reason", "reason_to_connect"]

NOT_ALLOWED = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    ClusterAuthorizationFailedError,
)


def reason(error: BaseException) -> str:
    """Of an error that a client raised after it had connected."""
    text = str(error) or type(error).__name__
    if isinstance(error, UnknownTopicOrPartitionError):
        return "a topic is missing: woa kafka topics --create"
    if isinstance(error, NOT_ALLOWED):
        return f"the cluster does not allow it, see woa kafka acls: {text}"
    return text


async def reason_to_connect(settings: KafkaSettings, error: BaseException) -> str:
    """Of an error that a client raised while it connected.

    Clients try every server and tell only that none served them, so one is asked once more.
    """
    if isinstance(error, NOT_ALLOWED):
        return reason(error)
    arguments = connection(settings)
    host, _, port = arguments.pop("bootstrap_servers").split(",")[0].rpartition(":")
    try:
        async with asyncio.timeout(settings.request_timeout_s):
            made = await create_conn(host.strip("[] "), int(port), **arguments)
            made.close()
    except (SaslAuthenticationFailed, AuthenticationFailedError, IllegalSaslStateError) as told:
        return f"the brokers refuse {_credentials(settings)}: {told}"
    except ssl.SSLCertVerificationError as told:
        return f"kafka.ssl_ca_file does not vouch for the brokers' certificate: {told}"
    except (ssl.SSLError, ConnectionError, KafkaError, TimeoutError, OSError, ValueError) as told:
        return _of_connection(settings, told)
    if settings.security_protocol.startswith("SASL"):
        return f"the brokers do not serve us with {_credentials(settings)}: {error}"
    # A certificate may be refused after the connection was made, too.
    return _of_connection(settings, error) if _uses_certificates(settings) else reason(error)


def _of_connection(settings: KafkaSettings, told: BaseException) -> str:
    text = str(told) or type(told).__name__
    if isinstance(told, ConnectionRefusedError):
        return f"nobody listens at {settings.bootstrap_servers} (kafka.bootstrap_servers)"
    if _uses_certificates(settings):
        # With TLS 1.3 a client has connected before the broker refuses its certificate.
        return f"the brokers refuse kafka.ssl_cert_file, or want one: {text}"
    if settings.security_protocol == "PLAINTEXT":
        return f"no answer; perhaps kafka.security_protocol should say SSL or SASL_SSL: {text}"
    return f"no answer with kafka.security_protocol {settings.security_protocol}: {text}"


def _uses_certificates(settings: KafkaSettings) -> bool:
    return settings.security_protocol == "SSL"


def _credentials(settings: KafkaSettings) -> str:
    if settings.sasl_mechanism == "OAUTHBEARER":
        return "the token of kafka.oauth_token_provider"
    return "kafka.username and kafka.password"
