"""A connection to a ticketing system: made with a secret, changed without losing it, renewed in two steps, ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from contracts.partnership import (
    Connection,
    ConnectionSet,
    PartnershipFact,
    SignedAnswers,
    connection_of,
    partner_of,
)
from contracts.personal import token
from contracts.refusal import Refusal
from governance.commands.settings import PARTNER
from governance.domain.agreed import Partner
from governance.domain.connection import (
    AnotherKind,
    ConnectedAlready,
    NoNewSecret,
    NoSuchConnection,
    Particular,
    There,
    TwoSecretsAlready,
    change,
    connect,
    end,
    end_old_secret,
    renew_secret,
)
from governance.domain.unsettled import NothingChanges

EKVIK = partner_of("ekvik")
ZAMMAD = Connection(kind="zammad", flows=("Projekt",))
THERE = There(kind="zammad", has_next=False)


def locked(text: str) -> str:
    return "secret:" + token(connection_of("ekvik", "zammad"), text)


def after(*facts: PartnershipFact) -> Partner | None:
    state: Partner | None = None
    for fact in facts:
        state = PARTNER.evolve(state, fact)
    return state


def made() -> tuple[PartnershipFact, ...]:
    return connect(EKVIK, "zammad", ZAMMAD, there=None, secret=locked("old"), token=locked("t"), reason="Ny")


def holds(facts: Iterable[PartnershipFact], what: str) -> object:
    state = after(*facts)
    assert state is not None
    return state.holds.get(f"municipality/connections/zammad/{what}")


def test_what_is_connected_has_a_secret_and_a_token_from_the_start() -> None:
    assert (holds(made(), "set"), holds(made(), "secret")) == (ZAMMAD, locked("old"))
    assert holds(made(), "token") == locked("t")


def test_a_secret_is_renewed_beside_the_old_one_which_is_then_ended() -> None:
    facts = made()
    renewed = renew_secret(after(*facts), EKVIK, "zammad", locked("new"), there=THERE, reason="Byte")
    facts += (renewed,)
    assert (holds(facts, "secret"), holds(facts, "next_secret")) == (locked("old"), locked("new"))
    two = There(kind="zammad", has_next=True)
    facts += (end_old_secret(after(*facts), EKVIK, "zammad", there=two, reason="Bytt"),)
    assert (holds(facts, "secret"), holds(facts, "next_secret")) == (locked("new"), None)


def test_the_secret_of_a_file_is_renewed_without_being_known_here() -> None:
    renewed = renew_secret(None, EKVIK, "zammad", locked("new"), there=THERE, reason="Byte")
    assert (renewed.secret, renewed.next_secret) == (None, locked("new"))


def test_what_is_ended_holds_nothing_and_may_be_made_again() -> None:
    facts = (*made(), end(EKVIK, "zammad", there=THERE, reason="Slut"))
    assert [holds(facts, what) for what in ("set", "secret", "token", "ended")] == [None, None, None, True]
    assert holds((*facts, *made()), "ended") is None


OPTIONS = {"flow_field": "entity", "api": None}
ANSWERS = SignedAnswers(url="https://desk.ekvik.example/flode")
OWN = Particular(options=OPTIONS, write_back=ANSWERS, keys={"client_secret": locked("client")})


def changed(was: tuple[PartnershipFact, ...], particular: Particular) -> tuple[PartnershipFact, ...]:
    return change(
        after(*was), EKVIK, "zammad", ZAMMAD, there=THERE, token=None, reason="Mer", particular=particular
    )  # fmt: skip


def test_what_is_particular_is_set_and_stays_where_nothing_more_is_said_of_it() -> None:
    facts = made() + changed(made(), OWN)
    again = change(
        after(*facts), EKVIK, "zammad", replace(ZAMMAD, flows=("P",)), there=THERE, token=None, reason="Annat"
    )
    facts += again
    assert [type(fact) for fact in again] == [ConnectionSet]
    for what, held in (("options", OPTIONS), ("write_back", ANSWERS), ("keys/client_secret", locked("client"))):
        assert holds(facts, what) == held


def test_the_same_said_again_of_what_is_particular_changes_nothing() -> None:
    facts = made() + changed(made(), OWN)
    with pytest.raises(NothingChanges):
        changed(facts, Particular(options=OPTIONS, write_back=ANSWERS))
    assert changed(facts, Particular(options={**OPTIONS, "api": "legacy"}))


def test_a_connection_that_is_made_again_knows_nothing_particular_of_the_one_before() -> None:
    facts = (*made(), *changed(made(), OWN), end(EKVIK, "zammad", there=THERE, reason="Slut"), *made())
    assert [holds(facts, what) for what in ("options", "write_back", "keys/client_secret")] == [None] * 3


def test_a_connection_set_before_any_of_that_could_be_said_settles_none_of_it() -> None:
    fact = ConnectionSet(partner_id=EKVIK, system="zammad", connection=ZAMMAD, reason="Ny")
    assert not {path for path in fact.settles if path.endswith(("options", "write_back"))}


def test_what_cannot_be_is_refused() -> None:
    cases: list[tuple[type[Refusal], object]] = [
        (ConnectedAlready, lambda: connect(
            EKVIK, "zammad", ZAMMAD, there=THERE, secret=locked("x"), token=None, reason="Ny")),
        (NoSuchConnection, lambda: end(EKVIK, "zammad", there=None, reason="Slut")),
        (AnotherKind, lambda: change(
            None, EKVIK, "zammad", Connection(kind="jira", flows=("P",)), there=THERE, token=None, reason="Annat")),
        (NothingChanges, lambda: change(
            after(*made()), EKVIK, "zammad", ZAMMAD, there=THERE, token=None, reason="Samma")),
        (TwoSecretsAlready, lambda: renew_secret(
            None, EKVIK, "zammad", locked("x"), there=There(kind="zammad", has_next=True), reason="Byte")),
        (NoNewSecret, lambda: end_old_secret(None, EKVIK, "zammad", there=THERE, reason="Byte")),
    ]  # fmt: skip
    for refused, attempt in cases:
        with pytest.raises(refused):
            attempt()  # type: ignore[operator]  # they are functions without parameters
