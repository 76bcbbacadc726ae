"""Where Apache Kafka's programs come from: jars that `make kafka` got, else an image in Docker."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.servers import cache_folder

__all__ = ["Image", "Jars", "KafkaSource", "kafka_source"]

HEAP = "-Xmx{}m"
IMAGE = "apache/kafka:4.3.1"


class KafkaSource(Protocol):
    """Runs a program of Kafka as a child that ends with it."""

    def command(self, folder: Path, name: str, heap_mb: int, *words: str) -> list[str]:
        """For the class and arguments `words`, with files in `folder`; `name` is its own."""

    def kill(self, process: subprocess.Popen[bytes], name: str) -> None:
        """As a power cut would."""


@dataclass(frozen=True)
class Jars:
    """In Java of this machine."""

    libraries: Path

    def command(self, folder: Path, name: str, heap_mb: int, *words: str) -> list[str]:
        """See `KafkaSource.command`."""
        del folder, name
        return [
            *("java", HEAP.format(heap_mb), "-XX:TieredStopAtLevel=1"),
            *("-cp", f"{self.libraries}/*", *words),
        ]

    def kill(self, process: subprocess.Popen[bytes], name: str) -> None:
        """See `KafkaSource.kill`."""
        del name
        process.kill()


@dataclass(frozen=True)
class Image:
    """In a container with this machine's network and the folder under its own name.

    SIGTERM and the end of the container pass through Docker's client; SIGKILL does not.
    """

    def command(self, folder: Path, name: str, heap_mb: int, *words: str) -> list[str]:
        """See `KafkaSource.command`."""
        return [
            *("docker", "run", "--rm", "--name", name, "--network", "host"),
            *("--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{folder}:{folder}"),
            *("--env", f"KAFKA_HEAP_OPTS={HEAP.format(heap_mb)}"),
            *("--entrypoint", "/opt/kafka/bin/kafka-run-class.sh", IMAGE, *words),
        ]

    def kill(self, process: subprocess.Popen[bytes], name: str) -> None:
        """See `KafkaSource.kill`."""
        subprocess.run(["docker", "kill", name], check=False, capture_output=True, timeout=60)
        process.kill()


def kafka_source() -> KafkaSource | None:
    """The jars with a Java, else a Docker engine that answers, else None."""
    folder = Path(os.environ.get("WOA_KAFKA_JARS") or cache_folder() / "kafka")
    if shutil.which("java") and list(folder.glob("kafka_*.jar")):
        return Jars(folder)
    if shutil.which("docker"):
        asked = subprocess.run(["docker", "info"], check=False, capture_output=True, timeout=60)
        if asked.returncode == 0:
            return Image()
    return None
