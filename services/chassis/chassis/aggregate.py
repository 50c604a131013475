"""A command from end to end: load the subject, ask for the decision, append what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from chassis.causes import causes_of
from chassis.context import Context
from chassis.db import Connection
from chassis.position import Position
from chassis.store import Appended, ForeignSubject, Store, VersionConflict
from chassis.telemetry import span
from chassis.topics import partition_of
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.refusal import Refusal

S = TypeVar("S")
F = TypeVar("F", bound=Event)

ATTEMPTS = 3
"""How often a decision is taken anew when somebody else was faster, before the conflict is reported."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S, F]):
    """A kind of subject: its name, the union of its facts, and the pure fold from facts to state."""

    name: str
    facts: Any
    evolve: Callable[[S | None, F], S]

    def fold(self, history: Sequence[Envelope[Any]]) -> S | None:
        """The state after a history; None when there is none."""
        state: S | None = None
        for event in history:
            state = self.evolve(state, event.data)
        return state


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[S]):
    """What a command came to: the subject as it is now, and where to wait for it. A command that was given before
    comes to the same as it did then (`duplicate`)."""

    subject: UUID
    version: int
    state: S
    facts: tuple[Event, ...]
    position: str | None
    duplicate: bool = False


async def handle(
    store: Store,
    aggregate: Aggregate[S, F],
    subject: UUID,
    decide: Callable[[S | None], F | Sequence[F] | None],
    context: Context,
    *,
    expected: int | None = None,
    within: Connection | None = None,
) -> Outcome[S]:
    """Decide on the subject's present state and append the facts, once per command id.

    `decide` gets the state (None for a new subject) and returns a fact, several, or nothing. With `expected` the
    subject must be at that version. Raises what `decide` raises (refusals), VersionConflict, KeyReused, and
    ForeignSubject when the subject belongs to another municipality.
    """
    with span(f"{aggregate.name} command", attributes={"flode.municipality": context.municipality}):
        attempt = 1
        while True:
            try:
                return await _try(store, aggregate, subject, decide, context, expected, within)
            except VersionConflict:
                if expected is not None or attempt == ATTEMPTS:
                    raise
                attempt += 1


async def handle_each(
    store: Store,
    aggregate: Aggregate[S, F],
    decisions: Mapping[UUID, tuple[Callable[[S | None], F | Sequence[F] | None], Context]],
    *,
    within: Connection,
) -> set[UUID]:
    """Decide on several subjects and append in the open transaction, all at once; those of which it is the first time.

    A command that was given before, or that gives nothing, changes nothing. Raises what `handle` raises.
    """
    histories = await store.load_each(list(decisions), within=within)
    decided: list[tuple[Sequence[Event], Context, int]] = []
    for subject, (decide, context) in decisions.items():
        history = histories[subject]
        facts = _several(decide(aggregate.fold(history)))
        if facts:
            if context.cause is None and history:
                cause = await causes_of(store, subject, facts[0].topic, within=within)
                context = replace(context, cause=cause)  # noqa: PLW2901  it is the same but for that
            decided.append((facts, context, len(history)))
    outcomes = await store.append_each(decided, within=within)
    return {
        facts[0].subject
        for (facts, _, _), outcome in zip(decided, outcomes, strict=True)
        if outcome.outcome == "appended"
    }


async def _try(
    store: Store,
    aggregate: Aggregate[S, F],
    subject: UUID,
    decide: Callable[[S | None], F | Sequence[F] | None],
    context: Context,
    expected: int | None,
    within: Connection | None,
) -> Outcome[S]:
    history = await store.load(subject, within=within)
    if history and history[0].municipality != context.municipality:
        raise ForeignSubject(subject)
    state = aggregate.fold(history)
    try:
        if expected is not None and expected != len(history):
            raise VersionConflict(subject, expected, len(history))
        facts = _several(decide(state))
    except (Refusal, VersionConflict):
        # A command that is given again meets the state it made itself: it gets the answer it got then.
        if earlier := await store.find_command(context.command_id, context.fingerprint, within=within):
            return _outcome(aggregate, history, earlier, duplicate=True)
        raise
    if not facts:
        # That state may leave nothing to be done instead of refusing: the answer is the one it got then all the same.
        if earlier := await store.find_command(context.command_id, context.fingerprint, within=within):
            return _outcome(aggregate, history, earlier, duplicate=True)
        return Outcome(
            subject=subject, version=len(history), state=cast("S", state), facts=(), position=_last_position(history)
        )
    if context.cause is None and history:
        # Of a subject that begins here nothing was read before; of others, what was known comes before what is decided.
        context = replace(context, cause=await causes_of(store, subject, facts[0].topic, within=within))
    appended = await store.append(facts, context=context, expected=len(history), within=within)
    return _outcome(aggregate, history, appended.envelopes, duplicate=appended.duplicate, appended=appended)


def _several(decided: Any) -> tuple[Any, ...]:
    if decided is None:
        return ()
    return (decided,) if isinstance(decided, Event) else tuple(decided)


def _outcome(
    aggregate: Aggregate[S, F],
    history: Sequence[Envelope[Any]],
    envelopes: Sequence[Envelope[Any]],
    *,
    duplicate: bool,
    appended: Appended | None = None,
) -> Outcome[S]:
    last = envelopes[-1]
    past = [event for event in history if event.version < envelopes[0].version]
    sequence = appended.positions[-1] if appended is not None else last.sequence
    return Outcome(
        subject=last.subject,
        version=last.version,
        state=cast("S", aggregate.fold([*past, *envelopes])),
        facts=tuple(event.data for event in envelopes),
        position=position_of(last, sequence),
        duplicate=duplicate,
    )


def _last_position(history: Sequence[Envelope[Any]]) -> str | None:
    return position_of(history[-1], history[-1].sequence) if history else None


def position_of(event: Envelope[Any], sequence: int) -> str:
    """The position of a stored event, as it is shown and waited for."""
    topic = event.data.topic
    service = event.source.rpartition("/")[2]
    return str(Position(service, sequence, topic.name, partition_of(event.subject, topic)))
