"""What is not as it should be, in sentences, each with what to do: the services' conditions taken together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chassis.flow.condition import Condition, ReaderNow, RelayNow, Verdict
from chassis.i18n import N_, NN_, translate, translate_many

BROKER_LOST = N_("A broker is lost"), "broker-lost.md"
PARKED = N_("Parked events"), "parked-events.md"
REBUILD = N_("Rebuild a view"), "rebuild-a-view.md"
REFILL = N_("Refill the topics"), "refill-the-topics.md"
DATABASE = N_("Restore a database"), "restore-a-database.md"
CONNECTION = N_("Connect a ticketing system"), "connect-a-ticketing-system.md"
SERIOUS = frozenset({Verdict.STOPPED, Verdict.STALLED, Verdict.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be. `text` and `todo` are keys for translation, the text with a form for one
    and one for many where it counts what `params` call `many`; `runbook` is a title and its file in deploy/runbooks;
    `path` a page where it can be dealt with; `serious` what does not pass by itself."""

    text: str | tuple[str, str]
    todo: str
    params: Mapping[str, object] = field(default_factory=dict)
    runbook: tuple[str, str] | None = None
    path: str | None = None
    serious: bool = True

    def said(self, language: str) -> str:
        """What is not as it should be, in a language."""
        if isinstance(self.text, str):
            return translate(self.text, language, **self.params)
        return translate_many(*self.text, int(str(self.params["many"])), language, **self.params)


def troubles(conditions: Mapping[str, Condition | None]) -> list[Trouble]:
    """All troubles of all services, the serious ones first. None is a service that does not answer."""
    found: list[Trouble] = []
    for name, condition in conditions.items():
        if condition is None:
            found.append(
                Trouble(
                    N_("{service} does not answer."),
                    N_("See whether its process runs and whether its database answers."),
                    {"service": name},
                    DATABASE,
                )
            )
        else:
            found += _of(condition)
    return sorted(found, key=lambda trouble: not trouble.serious)


def _of(condition: Condition) -> Iterator[Trouble]:
    service = condition.service
    if not condition.broker:
        yield Trouble(
            N_("The broker does not answer {service}; what is registered is safe, and waits."),
            N_("See which broker is gone, and start it."),
            {"service": service},
            BROKER_LOST,
        )
    for role in condition.roles:
        if not role.runs:
            text = N_("The role {role} of {service} runs in no process.")
            if role.state == "failed":
                text = N_("The role {role} of {service} failed and begins again.")
            todo = N_("See the log of its process for why, and start it.")
            yield Trouble(text, todo, {"service": service, "role": role.name})
    if condition.relay is not None:
        yield from _relay(service, condition.relay)
    yield from _readers(service, condition.readers)
    if condition.parked:
        text = NN_("{many} event is parked at {service}.", "{many} events are parked at {service}.")
        todo = N_("Look at their reasons, mend the cause, and have them handled again.")
        path = f"/{service}/flow/parked"
        yield Trouble(text, todo, {"service": service, "many": condition.parked}, PARKED, path)
    for channel in condition.channels:
        if channel.given_up:
            text = NN_("{many} delivery by {channel} was given up.", "{many} deliveries by {channel} were given up.")
            todo = N_("See the reasons under Messages, and whether the receiver can be reached.")
            params = {"many": channel.given_up, "channel": channel.name}
            yield Trouble(text, todo, params, CONNECTION, "/notifications/", serious=False)


RELAY_SAYS: Mapping[Verdict, tuple[tuple[str, str], str, tuple[str, str]]] = {
    Verdict.STALLED: (
        NN_(
            "The relay of {service} stands still, and {many} event waits.",
            "The relay of {service} stands still, and {many} events wait.",
        ),
        N_("See whether the topics are there and what its log says."),
        REFILL,
    ),
    Verdict.REWOUND: (
        NN_(
            "The topics of {service} are being filled again; {many} event is left.",
            "The topics of {service} are being filled again; {many} events are left.",
        ),
        N_("Wait until it is done; nothing is done twice."),
        REFILL,
    ),
    Verdict.BEHIND: (
        NN_(
            "The relay of {service} is {many} event behind, and moves.",
            "The relay of {service} is {many} events behind, and moves.",
        ),
        N_("Wait; it comes level by itself."),
        REFILL,
    ),
}
READER_SAYS: Mapping[Verdict, tuple[tuple[str, str], str, tuple[str, str]]] = {
    Verdict.STALLED: (
        NN_(
            "{reader} of {service} stands still, and {many} event waits.",
            "{reader} of {service} stands still, and {many} events wait.",
        ),
        N_("See what the log of its process says; a view can be built anew beside it."),
        REBUILD,
    ),
    Verdict.REWOUND: (
        NN_(
            "{reader} of {service} reads its topic, which was replaced, once more; {many} event is left.",
            "{reader} of {service} reads its topic, which was replaced, once more; {many} events are left.",
        ),
        N_("Wait until it is done; nothing is done twice."),
        REFILL,
    ),
    Verdict.BEHIND: (
        NN_(
            "{reader} of {service} is {many} event behind, and moves.",
            "{reader} of {service} is {many} events behind, and moves.",
        ),
        N_("Wait; it comes level by itself."),
        REBUILD,
    ),
}


def _relay(service: str, relay: RelayNow) -> Iterator[Trouble]:
    if relay.verdict in RELAY_SAYS:
        text, todo, runbook = RELAY_SAYS[relay.verdict]
        serious = relay.verdict in SERIOUS
        yield Trouble(text, todo, {"service": service, "many": relay.waiting}, runbook, serious=serious)


def _readers(service: str, readers: Iterable[ReaderNow]) -> Iterator[Trouble]:
    for reader in readers:
        if reader.verdict in READER_SAYS:
            text, todo, runbook = READER_SAYS[reader.verdict]
            params = {"service": service, "reader": reader.name, "many": reader.behind or 0}
            path = f"/{service}/flow/views" if reader.kind == "view" else None
            yield Trouble(text, todo, params, runbook, path, serious=reader.verdict in SERIOUS)
