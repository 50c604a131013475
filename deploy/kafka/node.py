"""One node of the cluster: its settings, its process, its log."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from jars import HERE

CLUSTER_ID = "ZmxvZGUtb24tb25lLW1hYw"  # any 16 bytes in base64; one for all, so that data folders fit together
READY = "Kafka Server started"  # logged after the controller has unfenced the broker: clients are served from here on
HEAP = "384m"


class NotStarted(Exception):
    """A broker ended or fell silent before it served clients; the text is the end of its log."""


class Node:
    """A broker and controller in one Java process."""

    def __init__(
        self, number: int, folder: Path, host: str, port: int, controller_port: int, voters: str, brokers: int
    ) -> None:
        self.number = number
        self.address = f"{host}:{port}"
        self.data = folder / f"broker-{number}"
        self.log = folder / f"broker-{number}.log"
        self.settings = folder / f"broker-{number}.properties"
        self.pid_file = folder / f"broker-{number}.pid"
        self._process: subprocess.Popen[bytes] | None = None
        self._log_began = 0
        self._text = self._properties(f"{host}:{port}", f"{host}:{controller_port}", voters, brokers)

    def _properties(self, broker: str, controller: str, voters: str, brokers: int) -> str:
        copies, enough = min(3, brokers), min(2, brokers)
        return f"""\
node.id={self.number}
process.roles=broker,controller
controller.quorum.voters={voters}
listeners=PLAINTEXT://{broker},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={self.data}
# What is acknowledged is on two machines at least; a topic exists because someone decided so.
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={enough}
unclean.leader.election.enable=false
log.retention.ms=-1
log.retention.bytes=-1
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=6
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={enough}
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={enough}
# A dead broker is noticed in three seconds, not nine, and a group does not wait for more members: tests are short.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
# Small: the default cleaner buffer alone is a third of the heap.
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=4
num.replica.fetchers=1
"""

    def format(self, java: str, jars: Path) -> subprocess.Popen[str] | None:
        """Write the settings and begin formatting the data folder, or return None when it already holds data."""
        self.settings.write_text(self._text)
        if (self.data / "meta.properties").exists():
            return None
        command = _java(java, jars, "64m", "kafka.tools.StorageTool", "format")
        return subprocess.Popen(
            [*command, f"--cluster-id={CLUSTER_ID}", f"--config={self.settings}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def launch(self, java: str, jars: Path) -> None:
        """Start the process. It has a session of its own, so that Ctrl-C reaches it only through `terminate`."""
        if self.pid is not None:
            raise NotStarted(f"broker {self.number} is already running")
        with self.log.open("ab") as log:
            self._log_began = log.tell()
            self._process = subprocess.Popen(
                [*_java(java, jars, HEAP, "kafka.Kafka"), str(self.settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid_file.write_text(str(self._process.pid))

    def wait_ready(self, timeout: float) -> None:
        """Return when the broker serves clients; raise `NotStarted` when it ends or `timeout` seconds pass."""
        deadline = time.monotonic() + timeout
        while READY not in self._said():
            if self._process is None or self._process.poll() is not None:
                raise NotStarted(f"broker {self.number} ended:\n{self._said()[-3000:]}")
            if time.monotonic() > deadline:
                raise NotStarted(f"broker {self.number} not ready after {timeout:.0f} s:\n{self._said()[-3000:]}")
            time.sleep(0.1)

    def _said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_began)
            return log.read().decode(errors="replace")

    @property
    def pid(self) -> int | None:
        """The process that runs this node now, whoever started it, or None.

        The number alone could by now be another process's: its command line must name this node's settings. One that
        has ended and was not yet buried by its parent has no command line.
        """
        try:
            pid = int(self.pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.settings).encode() in command else None

    def signal(self, what: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, what)

    def end(self, patience: float) -> None:
        """Wait `patience` seconds for the process to end, and if it has not, make it."""
        deadline = time.monotonic() + patience
        while self.pid is not None:
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL)
            time.sleep(0.05)
        if self._process is not None:
            self._process.wait()
        self.pid_file.unlink(missing_ok=True)


def _java(java: str, jars: Path, heap: str, main: str, *arguments: str) -> list[str]:
    return [
        java,
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",  # the heap is small and the cores few: less memory and a quicker start than G1
        f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}",
        "-cp",
        f"{jars}/*",
        main,
        *arguments,
    ]
