"""Everything on one machine, started in order and kept running: PostgreSQL, broker, services, gateway, issuer. The
brokers may be somebody else's (FLODE_KAFKA).

Crash-only. A service that ends is started again where it was. When the broker ends, what it held is gone, and the next
one is filled again by the relays. Until that one has its topics the services are held still, for half a second: a
client that found it empty would make it create topics with partitions of its own choosing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points

import aiohttp
import psutil
from aiohttp import web

from embedded import environment
from embedded.broker import Broker, Elsewhere
from embedded.children import Child, through
from embedded.gateway import Gateway
from embedded.home import Home
from embedded.logs import tail, turn_over
from embedded.postgres import Postgres
from embedded.preparation import Preparation
from embedded.processes import Started, spawn

FLODE = (sys.executable, "-c", "from chassis.cli import main; main()")

SLOWEST = 60.0
"""Seconds a service may take from its start until it is ready; twice as long after a start that took longer, for on a
machine that is too busy to start it, starting it anew each minute keeps it busy."""
PATIENCE = 3
"""How often a service may end before its installation has run once; afterwards it is started again for ever."""

STANDS_BACK = {"notifications": 10}
"""By how much a service lets the others go first where the processors are short: nobody sits waiting for a mail."""


class StartFailed(Exception):
    """Something did not start, and without it nothing else can. The message says what, and what it wrote last."""


@dataclass(slots=True)
class Service:
    """A service, where it listens, and its process."""

    name: str
    port: int
    process: subprocess.Popen[bytes] | None = None
    slowest: float = SLOWEST

    @property
    def url(self) -> str:
        """Where the gateway finds it."""
        return f"http://127.0.0.1:{self.port}"


class Supervisor:
    """Runs one installation. `say` tells whoever started it how far it is; `ready` is called when everything runs."""

    def __init__(
        self,
        home: Home,
        *,
        port: int,
        front: Callable[[Home, str], web.Application],
        services: Sequence[str] | None = None,
        flode: Sequence[str] = FLODE,
        preparation: Preparation | None = None,
        say: Callable[[str], None] = print,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.home, self.port, self.say, self.ready = home, port, say, ready
        self.public_url = f"http://127.0.0.1:{port}"
        self._front, self._flode, self.preparation = front, flode, preparation or Preparation()
        self._names = services or sorted(one.name for one in entry_points(group="flode.services"))
        self._road = asyncio.Event()  # set while the broker answers and has its topics
        self._stop = asyncio.Event()
        self._keepers: list[asyncio.Task[None]] = []
        self._children: list[Child] = []

    async def run(self) -> None:
        """Start everything, keep it running until SIGINT or SIGTERM, then stop it, within seconds.

        Raises AlreadyRunning, StartFailed, and OSError when the port is taken.
        """
        with self.home.open().locked():
            loop = asyncio.get_running_loop()
            for by in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(by, self._stop.set)
            for name, forgotten in self.home.register.read().items():
                if forgotten.end():
                    self.say(f"Ended {name}, forgotten by an earlier run")
            self._set_up()
            try:
                starting = asyncio.create_task(self._start())
                stopping = asyncio.create_task(self._stop.wait())
                await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    starting.result()  # raises what kept it from starting
                    await self._watch()
                starting.cancel()
                stopping.cancel()
            finally:
                await self._end()
                for by in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(by)

    def _set_up(self) -> None:
        home = self.home
        self.postgres = Postgres(home.postgres, port=home.port("postgres"), log=home.logs / "postgres.log")
        ours = Broker(home.broker, port=home.port("broker"), log=home.logs / "broker.log")
        self.broker: Broker | Elsewhere = Elsewhere.from_env() or ours
        self.services = [Service(name, home.port(name)) for name in self._names]

    async def _start(self) -> None:
        await self._open_the_door()
        await self._try("PostgreSQL", through(self.postgres.starting()))
        if isinstance(self.broker, Broker):
            await self._try("the broker", through(self.broker.starting()))
        self._note()
        environments = {service.name: self._environment(service) for service in self.services}
        prepared = {name: environment.of_preparation(own, self.postgres) for name, own in environments.items()}
        await self._try("the databases", self.preparation.databases(prepared), "are prepared")
        await self._try("the topics", self._make_topics(), "are there")
        self._road.set()
        self._keep("postgres", self._start_postgres, lambda: self.postgres.process, running=True)
        if isinstance(broker := self.broker, Broker):
            start = partial(self._start_broker, broker)
            self._keep("broker", start, lambda: broker.process, running=True, ended=self._lose_broker)
        for service in self.services:
            self._keep(service.name, self._start_of(service), partial(getattr, service, "process"))
        await self._until_all_run()
        self.ready()

    async def _watch(self) -> None:
        while not self._stop.is_set():
            turn_over(self.home.logs)
            self._note()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), timeout=5)

    async def _open_the_door(self) -> None:
        app = self._front(self.home, self.public_url)
        app.router.add_get("/health", self._health)
        Gateway({service.name: service.url for service in self.services}).add_to(app)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def _try(self, what: str, start: Awaitable[None], then: str = "runs") -> None:
        try:
            await start
        except Exception as failure:
            raise StartFailed(f"Starting {what}: {failure}") from failure
        self.say(f"{what[0].upper()}{what[1:]} {then}")

    # One process after the other

    def _start_of(self, service: Service) -> Callable[[], Awaitable[None]]:
        async def start() -> None:
            await self._road.wait()
            environ = self._environment(service)
            log = self.home.logs / f"{service.name}.log"
            service.process = spawn([*self._flode, "serve", service.name], log=log, env=environ)
            await self._until_ready(service)
            if back := STANDS_BACK.get(service.name):
                with suppress(psutil.NoSuchProcess):  # whoever keeps it finds that out
                    process = psutil.Process(service.process.pid)
                    process.nice(min(19, process.nice() + back))

        return start

    async def _start_postgres(self) -> None:
        self.postgres.stop()
        await through(self.postgres.starting())

    async def _start_broker(self, broker: Broker) -> None:
        broker.stop()
        with self._services_held():
            await through(broker.starting())
            await self._make_topics()
        self._road.set()

    async def _make_topics(self) -> None:
        copies = 1 if isinstance(self.broker, Broker) else int(os.environ.get("FLODE_KAFKA_REPLICATION") or 1)
        await self.preparation.topics(self.broker.bootstrap, replication=copies)

    async def _lose_broker(self, name: str, code: int) -> None:
        self._road.clear()
        await self._tell(name, code)

    @contextmanager
    def _services_held(self) -> Iterator[None]:
        held = [service.process for service in self.services if service.process and service.process.poll() is None]
        for process in held:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in held:
                process.send_signal(signal.SIGCONT)

    async def _tell(self, name: str, code: int) -> None:
        self.say(f"{name} ended ({code}) and is started again")

    def _keep(
        self,
        name: str,
        start: Callable[[], Awaitable[None]],
        process: Callable[[], subprocess.Popen[bytes] | None],
        *,
        running: bool = False,
        ended: Callable[[str, int], Awaitable[None]] | None = None,
    ) -> None:
        child = Child(name, start=start, process=process, ended=ended or self._tell, changed=self._note)
        self._children.append(child)
        self._keepers.append(asyncio.create_task(child.keep(running=running)))

    def _environment(self, service: Service) -> dict[str, str]:
        return environment.of_service(
            self.home,
            self.postgres,
            service=service.name,
            broker=self.broker,
            public_url=self.public_url,
            port=service.port,
        )

    # What runs, and how it is

    async def _until_ready(self, service: Service) -> None:
        process = service.process
        assert process is not None
        given = service.slowest
        for _ in range(int(given / 0.1)):
            if process.poll() is not None:
                raise StartFailed(f"{service.name} ended before it was ready")
            if await self._is_ready(service):
                self.say(f"{service.name.capitalize()} is ready")
                return
            await asyncio.sleep(0.1)
        process.kill()
        service.slowest = 2 * given
        raise StartFailed(f"{service.name} was not ready after {given:.0f} s")

    async def _until_all_run(self) -> None:
        while not all(child.state == "running" for child in self._children):
            for child in self._children:
                if child.restarts >= PATIENCE:
                    log = self.home.logs / f"{child.name}.log"
                    raise StartFailed(f"{child.name} does not start; the end of {log}:\n{tail(log)}")
            await asyncio.sleep(0.05)

    async def _is_ready(self, service: Service) -> bool:
        with suppress(aiohttp.ClientError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=2)
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.get(f"{service.url}/{service.name}/health") as answer,
            ):
                return answer.status == 200
        return False

    async def _health(self, _: web.Request) -> web.Response:
        ready = await asyncio.gather(*(self._is_ready(service) for service in self.services))
        states = {s.name: "ready" if yes else "starting" for s, yes in zip(self.services, ready, strict=True)}
        whole = "ready" if all(ready) else "starting"
        return web.json_response({"status": whole, "services": states}, status=200 if all(ready) else 503)

    def _note(self) -> None:
        """Write down what runs: for `flode status`, and for whoever must end it if we vanish."""
        broker = self.broker
        processes = {
            "postgres": (self.postgres.process, self.postgres.port),
            **({"broker": (broker.process, broker.port)} if isinstance(broker, Broker) else {}),
            **{service.name: (service.process, service.port) for service in self.services},
        }
        started = {name: one for name, (process, _) in processes.items() if (one := _running(process))}
        self.home.register.write(started)
        kept = {child.name: child for child in self._children}
        self.home.tell(
            {
                "pid": os.getpid(),
                "url": self.public_url,
                "data": str(self.home.root),
                "kafka": broker.bootstrap,
                "processes": {
                    name: {
                        "pid": started[name].pid if name in started else None,
                        "port": port,
                        "state": kept[name].state if name in kept else "starting",
                        "restarts": kept[name].restarts if name in kept else 0,
                    }
                    for name, (_, port) in processes.items()
                },
            }
        )

    # The end

    async def _stop_services(self) -> None:
        running = [s.process for s in self.services if s.process is not None and s.process.poll() is None]
        for process in running:
            process.terminate()
        for _ in range(80):
            if all(process.poll() is not None for process in running):
                return
            await asyncio.sleep(0.1)
        for process in running:
            process.kill()
            process.wait()

    async def _end(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._stop_services()
        if isinstance(self.broker, Broker):
            self.broker.stop()
        self.postgres.stop()
        if hasattr(self, "_runner"):
            await self._runner.cleanup()
        self.home.register.write({})
        self.home.tell(None)


def _running(process: subprocess.Popen[bytes] | None) -> Started | None:
    if process is None or process.poll() is not None:
        return None
    try:
        return Started.of(process.pid)
    except psutil.NoSuchProcess:
        return None
