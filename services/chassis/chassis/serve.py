"""A process of a service: what it opens, the roles it plays, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, cast

import structlog
import uvicorn

from chassis import i18n
from chassis.agreed import Current
from chassis.auth import Authenticator
from chassis.clock import Clock, SystemClock, ToldClock
from chassis.db import Database
from chassis.feed import Feed
from chassis.links import Links
from chassis.logging import start_logging
from chassis.named import Naming
from chassis.outbox import SenderLoop
from chassis.partnership import Partnership, PartnershipWrong
from chassis.pressure import Pressure
from chassis.react import ReactionFollower
from chassis.rebuild import rebuild
from chassis.relay import Relay
from chassis.roles import Lock, Role
from chassis.schedule import ClockworkLoop
from chassis.service import Service
from chassis.settings import Settings
from chassis.store import Store
from chassis.telemetry import TELEMETRY
from chassis.vault import Vault
from chassis.views import indexes, tables
from chassis.views.follow import ViewFollower
from chassis.views.read import marks
from chassis.web import Deps, create_app
from chassis.web.deps import resources_of
from chassis.web.live import Live

__all__ = ["opened", "resources_of", "roles_of", "serve"]
log = structlog.get_logger(__name__)


async def serve(service: Service, settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Returns after a clean stop; raises what the process cannot go on after."""
    start_logging(service.name, settings.log)
    i18n.use(service.package)
    TELEMETRY.start(service.name, otlp=settings.otlp)
    try:
        async with opened(service, settings) as here, asyncio.TaskGroup() as group:
            roles = roles_of(service, here)
            lock = Lock(settings.database, f"{service.name} {','.join(sorted(settings.roles - {'api'}))}")
            keeping = [group.create_task(role.keep(lock.held), name=role.name) for role in roles]
            if roles:
                keeping.append(group.create_task(lock.keep(), name="lock"))
            server = _server(service, here, roles, lock) if "api" in settings.roles else None
            _keep_what_is_there()
            await _until_told(server)
            for task in keeping:
                task.cancel()
    finally:
        TELEMETRY.stop()


def _keep_what_is_there() -> None:
    """Let the garbage collector pass over what was made at the start, which stays. Looking through all of it, as it
    does now and then, is a quarter of a second in which nobody is answered."""
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def opened(service: Service, settings: Settings) -> AsyncIterator[Deps]:
    """The database, the vault and all else a service works with, for the length of a block."""
    async with AsyncExitStack() as stack:
        clock: Clock = ToldClock() if settings.demo else SystemClock()
        file = Partnership.read(settings.partnership)
        if faults := service.faults(file):
            raise PartnershipWrong(settings.partnership, list(faults))
        db = await stack.enter_async_context(
            Database(settings.database, settings.database_api, name=f"flode-{service.name}")
        )
        vault = await Vault.connect(settings)
        stack.push_async_callback(vault.close)
        store = await stack.enter_async_context(Store(db, service.name))
        async with db.work() as connection:
            # Pages may be asked for before a view's role runs, here or elsewhere: there is a table from the start.
            for view in service.followed:
                await tables.ensure_live(connection, view)
        current = Current(file, service.faults)
        await current.look(db, vault)
        stack.push_async_callback(ended, asyncio.create_task(current.keep(db, vault), name="partnership"))
        partnership = cast("Partnership", current)  # it answers as one, to everybody who is handed it here
        yield Deps(
            service=service.name,
            store=store,
            db=db,
            vault=vault,
            settings=settings,
            partnership=partnership,
            clock=clock,
            auth=Authenticator(settings.issuers, partnership, person_id=vault.person_id, clock=SystemClock()),
            links=Links(settings.link_key),
            pressure=Pressure(db, service.name, settings.backlog) if service.emits else None,
        )


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def roles_of(service: Service, here: Deps) -> list[Role]:
    """The loops this process keeps at work, by its settings."""
    settings, store, resources = here.settings, here.store, resources_of(here)
    roles: list[Role] = []
    if "relay" in settings.roles and service.emits:
        relay = Relay(store, settings.kafka, service.emits, idempotent=settings.kafka_idempotence)
        roles.append(Role("relay", relay.run))
    if "views" in settings.roles:
        followers = [ViewFollower(view, here.db) for view in service.followed]
        feed = Feed(settings.kafka, f"{service.name}-views", followers)

        async def follow() -> None:
            await _renew(service, here)
            await feed.run()

        roles += [Role("views", follow), Role("views named", Naming(here.db).run)]
    if "consumers" in settings.roles and service.reactions:
        reacting = [ReactionFollower(one, store, here.clock, resources) for one in service.reactions]
        roles.append(Role("consumers", Feed(settings.kafka, f"{service.name}-consumers", reacting).run))
    if "sender" in settings.roles and service.senders is not None:
        senders = service.senders(resources)
        roles += [Role(f"sender {sender.channel}", SenderLoop(sender, here.db).run) for sender in senders]
    if "clockwork" in settings.roles:
        loops = {one.name: ClockworkLoop(one, store, here.clock, resources) for one in service.clockworks}
        roles += [Role(f"clockwork {name}", loop.run) for name, loop in loops.items()]
    return roles


async def _renew(service: Service, here: Deps) -> None:
    """Build the views whose version was raised since their table was made; readers keep the old one until then. Tables
    of views that have come to declare more indexes get those without being built anew."""
    for view in service.followed:
        async with here.db.work() as connection:
            live = await tables.ensure_live(connection, view)
        if live.version != view.version:
            rebuilt = await rebuild(here.db, here.settings.database, view, here.settings.kafka)
            log.info("view.renewed", view=view.name, version=view.version, rows=rebuilt.rows, events=rebuilt.events)
        elif made := await indexes.complete(here.db, view):
            log.info("view.indexed", view=view.name, indexes=made)


def _server(service: Service, here: Deps, roles: list[Role], lock: Lock) -> uvicorn.Server:
    def health() -> dict[str, Any]:
        # A road that is out (Kafka) is no reason to refuse requests: commands are acknowledged by the store alone.
        ready = all(role.state in ("running", "standby", "failed") for role in roles)
        state = {role.name: {"state": role.state, "failures": role.failures} for role in roles}
        return {"status": "ready" if ready else "starting", "active": lock.held.is_set(), "roles": state}

    names = [view.name for view in service.views]
    live = Live(lambda: marks(here.db, names, key=here.settings.link_key), names)
    app = create_app(
        service.name, service.package, service.http, here, health=health, streamed=service.streamed, live=live
    )
    app.state.roles = roles
    config = uvicorn.Config(
        app,
        host=here.settings.http_host,
        port=here.settings.http_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
    )
    return _Server(config, live)


class _Server(uvicorn.Server):
    """Uvicorn, without its own signal handlers: the process has one way to end."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would go on for ever, then finish what is being answered."""
        self._live.end()
        await super().shutdown(sockets)

    @property
    def install_signal_handlers(self) -> Any:
        return lambda: None


async def _until_told(server: uvicorn.Server | None) -> None:
    """Serve until a signal says stop; then finish what is being answered."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    if server is None:
        await told.wait()
        return
    serving = asyncio.create_task(server._serve(), name="http")
    waiting = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        server.should_exit = True
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        if not serving.done():
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
