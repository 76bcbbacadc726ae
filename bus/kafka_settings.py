"""What there is to say about a Kafka cluster and who we are to it."""

from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

__all__ = ["KafkaSettings"]


class KafkaSettings(BaseModel):
    """A cluster and who we are to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str | None = Field(
        default=None,
        description="Comma list of host:port to find the cluster by. `woa agent run` publishes to "
        "it and `woa ingest run` reads from it; without it, and in `woa up`, records go straight "
        "to the database, inside one process.",
    )
    client_id: str = Field(default="woa", description="Name in the brokers' logs and quotas.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="Whether connections are encrypted and authenticated."
    )
    ssl_ca_file: Path | None = Field(
        default=None, description="Who signs the brokers' certificates; default the system's."
    )
    ssl_cert_file: Path | None = Field(
        default=None, description="Our certificate, where the brokers ask for one (mTLS)."
    )
    ssl_key_file: Path | None = Field(default=None, description="The certificate's key.")
    ssl_key_password: SecretStr | None = Field(default=None, description="The key's password.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        default="SCRAM-SHA-512", description="How we prove who we are under SASL."
    )
    username: str | None = Field(default=None, description="User for PLAIN and SCRAM.")
    password: SecretStr | None = Field(default=None, description="Password for PLAIN and SCRAM.")
    oauth_token_provider: str | None = Field(
        default=None,
        description="`module:name` of an `aiokafka.abc.AbstractTokenProvider` for OAUTHBEARER.",
    )
    group_id: str = Field(
        default="woa-ingest", description="Group whose members divide the partitions."
    )
    group_instance_id: str | None = Field(
        default=None,
        description="Name of this member, kept over restarts: a rolling restart within the "
        "session timeout then moves no partition.",
    )
    session_timeout_s: PositiveFloat = Field(
        default=30.0, description="Seconds without a heartbeat after which a member is gone."
    )
    request_timeout_s: PositiveFloat = Field(
        default=20.0, description="Seconds to wait for the brokers before a request has failed."
    )
    linger_s: float = Field(
        default=0.02, ge=0, description="Seconds that a publisher waits to fill a batch."
    )
    fetch_wait_s: float = Field(
        default=0.25, ge=0, description="Seconds that the brokers wait to fill an answer to ingest."
    )
    max_message_bytes: PositiveInt = Field(
        default=1_000_000,
        description="Largest message; at most the brokers' `message.max.bytes`.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.security_protocol.startswith("SASL"):
            return self
        if self.sasl_mechanism == "OAUTHBEARER":
            if self.oauth_token_provider is None:
                raise ValueError("sasl_mechanism OAUTHBEARER needs oauth_token_provider")
        elif self.username is None or self.password is None:
            raise ValueError(f"sasl_mechanism {self.sasl_mechanism} needs username and password")
        return self
