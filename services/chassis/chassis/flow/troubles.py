"""What is not as it should be, in sentences, each with what to do: the services' conditions taken together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chassis.flow.condition import Condition, ReaderNow, RelayNow, Told, Verdict
from chassis.flow.hearing import Heard
from chassis.flow.names import quoted, service_called
from chassis.i18n import N_, NN_, translate, translate_many

BROKER_LOST = N_("A broker is lost"), "broker-lost.md"
PARKED = N_("Parked events"), "parked-events.md"
REBUILD = N_("Rebuild a view"), "rebuild-a-view.md"
REFILL = N_("Refill the topics"), "refill-the-topics.md"
CONNECTION = N_("Connect a ticketing system"), "connect-a-ticketing-system.md"
SERIOUS = frozenset({Verdict.STOPPED, Verdict.STALLED})


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


AGAIN = N_("Load the page again in a moment; it may only have much to do.")
SERVICE_SAYS: Mapping[Heard, tuple[str, str]] = {
    Heard.SLOW: (N_("{service} is slow to answer: nothing has come for {seconds} s."), AGAIN),
    Heard.SILENT: (
        N_("{service} does not answer: it has been asked in vain for {seconds} s."),
        N_("See whether its process hangs and whether its database answers."),
    ),
    Heard.GONE: (
        N_("{service} does not run: nobody listens at its address."),
        N_("See the log of its process for why, and start it."),
    ),
    Heard.UNABLE: (
        N_("{service} answers, but cannot say how it is."),
        N_("See what the log of its process says, and whether its database answers."),
    ),
}
BROKER_SAYS: Mapping[Heard, tuple[str, str]] = {
    Heard.SLOW: (N_("The broker is slow to answer {service}: nothing has come for {seconds} s."), AGAIN),
    Heard.SILENT: (
        N_(
            "The broker does not answer {service}: it has been asked in vain for {seconds} s. "
            "What is registered is safe, and waits."
        ),
        N_("See whether the broker hangs, and start it again."),
    ),
    Heard.GONE: (
        N_("The broker cannot be reached by {service}; what is registered is safe, and waits."),
        N_("See which broker is gone, and start it."),
    ),
}


def troubles(told: Mapping[str, Told], language: str) -> list[Trouble]:
    """All troubles of all services, the serious ones first; their parts are called as in `language`."""
    found: list[Trouble] = []
    for name, each in told.items():
        called = f"{service_called(name, language)} ({name})"
        if each.condition is None:
            found.append(_unheard(SERVICE_SAYS, each.heard, each.seconds, called))
        else:
            found += _of(each.condition, called, language)
    return sorted(found, key=lambda trouble: not trouble.serious)


def _unheard(
    says: Mapping[Heard, tuple[str, str]],
    heard: Heard,
    seconds: float,
    service: str,
    runbook: tuple[str, str] | None = None,
) -> Trouble:
    """One late answer is nothing to be alarmed at: it is told of, and watched."""
    text, todo = says[heard]
    params = {"service": service, "seconds": max(1, round(seconds))}
    return Trouble(text, todo, params, runbook, serious=heard is not Heard.SLOW)


def _of(condition: Condition, service: str, language: str) -> Iterator[Trouble]:
    answers = condition.broker is Heard.ANSWERS
    if not answers:
        runbook = None if condition.broker is Heard.SLOW else BROKER_LOST
        yield _unheard(BROKER_SAYS, condition.broker, condition.broker_seconds, service, runbook)
    for role in condition.roles:
        if not role.runs:
            text = N_("{role} runs in no process of {service}.")
            if role.state == "failed":
                text = N_("{role} failed in {service} and begins again.")
            todo = N_("See the log of its process for why, and start it.")
            yield Trouble(text, todo, {"service": service, "role": quoted(role.called, language)})
    if condition.relay is not None and answers:  # without one, that it stands still says nothing more
        yield from _relay(service, condition.relay)
    yield from _readers(service, condition, language)
    if condition.parked:
        parked = NN_("{many} event is parked at {service}.", "{many} events are parked at {service}.")
        todo = N_("Look at their reasons, mend the cause, and have them handled again.")
        path = f"/{condition.service}/flow/parked"
        yield Trouble(parked, todo, {"service": service, "many": condition.parked}, PARKED, path)
    for channel in condition.channels:
        if channel.given_up:
            given_up = NN_(
                "{many} delivery by {channel} was given up.", "{many} deliveries by {channel} were given up."
            )
            todo = N_("See the reasons under Messages, and whether the receiver can be reached.")
            params = {"many": channel.given_up, "channel": channel.called}
            yield Trouble(given_up, todo, params, CONNECTION, "/notifications/", serious=False)


RELAY_SAYS: Mapping[Verdict, tuple[tuple[str, str], str, tuple[str, str]]] = {
    Verdict.STALLED: (
        NN_(
            "{service} hands nothing over to its topics, and {many} event waits.",
            "{service} hands nothing over to its topics, and {many} events wait.",
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
            "{service} has {many} event left to hand over to its topics, and moves.",
            "{service} has {many} events left to hand over to its topics, and moves.",
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


SEVERAL_SAY: Mapping[Verdict, str] = {
    Verdict.STALLED: N_(
        "{count} readers of {service} stand still: {readers}. Events that wait for the hindmost: {many}."
    ),
    Verdict.REWOUND: N_(
        "{count} readers of {service} read their topics, which were replaced, once more: {readers}. "
        "Events left for the hindmost: {many}."
    ),
    Verdict.BEHIND: N_(
        "{count} readers of {service} are behind, and move: {readers}. Events left for the hindmost: {many}."
    ),
}
FEW = 2
"""Readers of a service that fare alike and are told of one by one; more of them are told of together."""


def _readers(service: str, condition: Condition, language: str) -> Iterator[Trouble]:
    alike: dict[Verdict, list[ReaderNow]] = {}
    for reader in condition.readers:
        # Who has read all there is of a topic that is being filled again waits for its relay, which is told of.
        if reader.verdict in READER_SAYS and not (reader.verdict is Verdict.REWOUND and not reader.behind):
            alike.setdefault(reader.verdict, []).append(reader)
    for verdict, those in alike.items():
        path = f"/{condition.service}/flow/views" if any(reader.kind == "view" for reader in those) else None
        told = [those] if len(those) > FEW else [[reader] for reader in those]
        yield from (_fare(service, verdict, group, path, language) for group in told)


def _fare(service: str, verdict: Verdict, readers: Sequence[ReaderNow], path: str | None, language: str) -> Trouble:
    """How one reader fares, or several alike."""
    one, todo, runbook = READER_SAYS[verdict]
    called = ", ".join(quoted(reader.called, language) for reader in readers)
    params = {
        "service": service,
        "count": len(readers),
        "reader": called,
        "readers": called,
        "many": max(reader.behind or 0 for reader in readers),
    }
    text = one if len(readers) == 1 else SEVERAL_SAY[verdict]
    return Trouble(text, todo, params, runbook, path, serious=verdict in SERIOUS)
