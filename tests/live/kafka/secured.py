"""A broker that asks who one is: TLS, certificates of clients, passwords, tokens, and rights."""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kafka_broker import ALONE, KafkaBroker, new_cluster_id
from benchmarks.servers import free_ports

__all__ = ["PASSWORD", "SecuredBroker", "make_certificates"]

PASSWORD = "correct horse"
USERS = ("woa-agent", "woa-ingest", "woa-operator", "reports")
LOGIN = "org.apache.kafka.common.security"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{open},SSL://127.0.0.1:{ssl},SASL_SSL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{open},SSL://127.0.0.1:{ssl},SASL_SSL://127.0.0.1:{sasl}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.sasl_ssl.plain.sasl.jaas.config={login}.plain.PlainLoginModule required {plain_users};
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config={login}.oauthbearer.OAuthBearerLoginModule \
required unsecuredLoginStringClaim_sub="broker";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
log.dirs={folder}/data
"""


def make_certificates(folder: Path) -> None:
    """In PEM: ca.pem, and for server, woa-agent and stranger NAME.crt, NAME.key and NAME.pem.

    The stranger's is signed by nobody that the broker knows.
    """
    _authority(folder, "ca")
    _authority(folder, "other")
    _certificate(folder, "server", "ca", "127.0.0.1")
    _certificate(folder, "woa-agent", "ca", "woa-agent")
    _certificate(folder, "stranger", "other", "woa-agent")


@dataclass
class SecuredBroker(KafkaBroker):
    """`ports`: the controller's, the open one (whoever comes there may do everything), TLS with
    certificates of clients, SASL in TLS."""

    def __post_init__(self) -> None:
        self.ports = free_ports(4)

    @property
    def address(self) -> str:
        """The open one."""
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def ssl_address(self) -> str:
        return f"127.0.0.1:{self.ports[2]}"

    @property
    def sasl_address(self) -> str:
        return f"127.0.0.1:{self.ports[3]}"

    def properties(self) -> str:
        """See `KafkaBroker.properties`."""
        return ALONE + PROPERTIES.format(
            open=self.ports[0],
            controller=self.ports[1],
            ssl=self.ports[2],
            sasl=self.ports[3],
            folder=self.folder,
            login=LOGIN,
            plain_users=" ".join(f'user_{user}="{PASSWORD}"' for user in USERS),
        )

    def format_options(self) -> tuple[str, ...]:
        """With the users of SCRAM."""
        users = [
            word
            for user in USERS
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for word in ("--add-scram", f"{mechanism}=[name={user},password={PASSWORD}]")
        ]
        return ("--standalone", "-t", new_cluster_id(), *users)

    def tool(self, command_line: str) -> None:
        """Run a command line of Kafka's own tool for rights, at the open listener."""
        name, *words = shlex.split(command_line)
        assert name == "kafka-acls.sh"
        words[words.index("--bootstrap-server") + 1] = self.address
        command = self.program("org.apache.kafka.tools.AclCommand", *words)
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def _authority(folder: Path, name: str) -> None:
    _openssl(
        folder,
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}"),
    )


def _certificate(folder: Path, name: str, authority: str, subject: str) -> None:
    _openssl(
        folder,
        *("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
        *("-subj", f"/CN={subject}", "-addext", "subjectAltName=IP:127.0.0.1"),
    )
    _openssl(
        folder,
        *("x509", "-req", "-in", f"{name}.csr", "-days", "2", "-copy_extensions", "copy"),
        *("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial"),
        *("-out", f"{name}.crt"),
    )
    both = (folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text()
    (folder / f"{name}.pem").write_text(both)


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)
