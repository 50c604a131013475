"""A real Apache Kafka on this machine: KRaft, every node both broker and controller, reached over loopback only.

For tests and for trying, not for production: no TLS, no passwords, and a node that dies is noticed within three
seconds rather than nine. From a shell:

    python deploy/kafka/cluster.py up            runs until Ctrl-C, prints what to set
    python deploy/kafka/cluster.py down          ends what an `up` that was itself killed left behind
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from jars import HERE, Missing, libraries, program
from node import Node, NotStarted

HOST = "127.0.0.1"


class Cluster:
    """Three brokers that keep every record twice before they say it is kept.

    Replication 3 and `min.insync.replicas` 2: one broker may be gone and everything goes on. Topics are never
    created by being mentioned. What the brokers hold lies in `folder` and survives `stop` and `start`.

    Brokers are numbered from 0. Heap is bounded to 384 MB each.
    """

    def __init__(self, folder: Path, brokers: int = 3, port: int | None = None) -> None:
        """`port`: the first broker's; the others follow. None takes ports that are free at this moment."""
        self.folder = Path(folder).resolve()
        ports = _free_ports(2 * brokers) if port is None else list(range(port, port + 2 * brokers))
        voters = ",".join(f"{n}@{HOST}:{ports[brokers + n]}" for n in range(brokers))
        self.nodes = [Node(n, self.folder, HOST, ports[n], ports[brokers + n], voters, brokers) for n in range(brokers)]

    @property
    def bootstrap(self) -> str:
        """All brokers as Kafka clients want them: host:port,host:port,…"""
        return ",".join(node.address for node in self.nodes)

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
            for node in self.nodes:
                node.end_leftover()
            for formatting in [node.format(java, jars) for node in self.nodes]:  # all at once: each is a Java start
                _finished(formatting)
            for node in self.nodes:
                node.launch(java, jars)
            deadline = time.monotonic() + timeout
            for node in self.nodes:
                node.wait_ready(deadline - time.monotonic())
        except BaseException:
            self.stop()
            raise

    def kill(self, number: int) -> None:
        """End a broker as a power cut would (SIGKILL)."""
        self.nodes[number].kill()

    def start(self, number: int, timeout: float = 60.0) -> None:
        """Start one broker again on what it held, and wait until it serves clients."""
        node = self.nodes[number]
        node.launch(program("java", "openjdk-17-jre-headless"), libraries())
        node.wait_ready(timeout)

    def stop(self) -> None:
        """End every broker, politely and then not. Their data stays."""
        for node in self.nodes:
            node.terminate()
        for node in self.nodes:
            node.wait_ended(timeout=10.0)


def _finished(formatting: subprocess.Popen[str] | None) -> None:
    if formatting is None:
        return
    said, _ = formatting.communicate(timeout=60)
    if formatting.returncode != 0:
        raise NotStarted(f"a data folder could not be formatted:\n{said}")


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; all are held open until the last is found, so that none comes twice."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("up", "down"))
    parser.add_argument("--folder", type=Path, default=HERE.parents[1] / ".cache" / "kafka")
    parser.add_argument("--brokers", type=int, default=3)
    parser.add_argument("--port", type=int, default=19092, help="the first broker's; the others follow")
    chosen = parser.parse_args(arguments)
    cluster = Cluster(chosen.folder, chosen.brokers, chosen.port)
    if chosen.action == "down":
        for node in cluster.nodes:
            node.end_leftover()
        return 0
    asked_to_stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: asked_to_stop.set())
    try:
        began = time.monotonic()
        cluster.up()
    except (Missing, NotStarted) as reason:
        print(reason, file=sys.stderr)
        return 1
    print(f"# Apache Kafka, {chosen.brokers} brokers, ready in {time.monotonic() - began:.1f} s; Ctrl-C stops it")
    print(
        f"export FLODE_KAFKA={cluster.bootstrap}\nexport FLODE_KAFKA_REPLICATION={min(3, chosen.brokers)}", flush=True
    )
    asked_to_stop.wait()
    cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
