"""A real Apache Kafka on this machine: KRaft, every node both broker and controller, reached over loopback only.

For tests and for trying, not for production: no TLS, no passwords, and a node that dies is noticed within three
seconds rather than nine. From a shell (Linux, with Java 17 and Maven):

    python deploy/kafka/cluster.py up              runs until Ctrl-C, prints what to set
    python deploy/kafka/cluster.py down            ends what an `up` that was itself killed left behind
    python deploy/kafka/cluster.py run COMMAND…    starts a cluster for one command, which finds it in FLODE_KAFKA,
                                                   FLODE_TEST_KAFKA and, to break it, FLODE_TEST_KAFKA_FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from jars import HERE, Missing, libraries, program
from node import Node, NotStarted

HOST = "127.0.0.1"
PORTS = "ports.json"


class Cluster:
    """Three brokers that keep every record twice before they say it is kept.

    Replication 3 and `min.insync.replicas` 2: one broker may be gone and everything goes on. Topics are never
    created by being mentioned. What the brokers hold lies in `folder` and survives `stop` and `start`.

    Brokers are numbered from 0. Heap is bounded to 384 MB each.
    """

    def __init__(self, folder: Path, brokers: int = 3, port: int | None = None) -> None:
        """`port`: the first broker's; the others follow. None takes ports that are free at this moment."""
        ports = _free_ports(2 * brokers) if port is None else list(range(port, port + 2 * brokers))
        self._number(Path(folder).resolve(), ports)

    @classmethod
    def found(cls, folder: Path) -> Self:
        """The cluster that somebody else has started in `folder`, to look at and to break."""
        cluster = cls.__new__(cls)
        cluster._number(Path(folder).resolve(), json.loads((folder / PORTS).read_text()))
        return cluster

    def _number(self, folder: Path, ports: list[int]) -> None:
        brokers = len(ports) // 2
        voters = ",".join(f"{n}@{HOST}:{ports[brokers + n]}" for n in range(brokers))
        self.folder, self._ports = folder, ports
        self.nodes = [Node(n, folder, HOST, ports[n], ports[brokers + n], voters, brokers) for n in range(brokers)]

    @property
    def bootstrap(self) -> str:
        """All brokers as Kafka clients want them: host:port,host:port,…"""
        return ",".join(node.address for node in self.nodes)

    def environment(self) -> dict[str, str]:
        """The settings of a process that is to use this cluster."""
        return {"FLODE_KAFKA": self.bootstrap, "FLODE_KAFKA_REPLICATION": str(min(3, len(self.nodes)))}

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def up(self, timeout: float = 90.0) -> None:
        """Fetch, format what is new, start every broker and wait until each serves clients.

        Raises `Missing` when Java or Maven is not installed, `NotStarted` when a broker ends or is not ready
        within `timeout` seconds; then nothing is left running.
        """
        java, jars = program("java", "openjdk-17-jre-headless"), libraries()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.kill_all()
            (self.folder / PORTS).write_text(json.dumps(self._ports))
            for formatting in [node.format(java, jars) for node in self.nodes]:  # all at once: each is a Java start
                _finished(formatting)
            self.heal(timeout)
        except BaseException:
            self.stop()
            raise

    def kill(self, number: int) -> None:
        """End a broker as a power cut would (SIGKILL)."""
        self.nodes[number].end(patience=0)

    def kill_all(self) -> None:
        """End whatever runs in the folder, whoever started it."""
        for node in self.nodes:
            node.end(patience=0)

    def heal(self, timeout: float = 90.0) -> None:
        """Start every broker that is down, on what it held, and wait until each serves clients."""
        java, jars = program("java", "openjdk-17-jre-headless"), libraries()
        down = [node for node in self.nodes if node.pid is None]
        for node in down:
            node.launch(java, jars)
        deadline = time.monotonic() + timeout
        for node in down:
            node.wait_ready(deadline - time.monotonic())

    def stop(self) -> None:
        """End every broker, politely and then not. Their data stays."""
        for node in self.nodes:
            node.signal(signal.SIGTERM)
        for node in self.nodes:
            node.end(patience=10.0)


def _finished(formatting: subprocess.Popen[str] | None) -> None:
    if formatting is None:
        return
    said, _ = formatting.communicate(timeout=60)
    if formatting.returncode != 0:
        raise NotStarted(f"a data folder could not be formatted:\n{said}")


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on now.

    From below the range that is given to outgoing connections: one of those would otherwise take a killed broker's.
    """
    free = list[int]()
    for port in random.sample(range(20_000, 32_000), 500):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            free.append(port)
        if len(free) == count:
            return free
    raise NotStarted(f"fewer than {count} ports of {HOST} between 20000 and 32000 are free")


def _up(cluster: Cluster) -> int:
    asked_to_stop = threading.Event()
    for asking in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asking, lambda *_: asked_to_stop.set())
    began = time.monotonic()
    with cluster:
        taken = time.monotonic() - began
        print(f"# Apache Kafka, {len(cluster.nodes)} brokers, ready in {taken:.1f} s; Ctrl-C stops it")
        for name, value in cluster.environment().items():
            print(f"export {name}={value}", flush=True)
        asked_to_stop.wait()
    return 0


def _run(brokers: int, command: Sequence[str]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="flode-kafka-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `with` ends the brokers
    try:
        with Cluster(folder, brokers) as cluster:
            there = {"FLODE_TEST_KAFKA": cluster.bootstrap, "FLODE_TEST_KAFKA_FOLDER": str(folder)}
            return subprocess.run(command, env=os.environ | cluster.environment() | there, check=False).returncode
    finally:
        shutil.rmtree(folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=HERE.parents[1] / ".cache" / "kafka", help="of up and down")
    parser.add_argument("--brokers", type=int, default=3)
    parser.add_argument("--port", type=int, default=19092, help="of up: the first broker's; the others follow")
    parser.add_argument("action", choices=("up", "down", "run"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.action == "run":
            return _run(chosen.brokers, chosen.command)
        cluster = Cluster(chosen.folder, chosen.brokers, chosen.port)
        if chosen.action == "up":
            return _up(cluster)
        cluster.kill_all()
    except (Missing, NotStarted) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
