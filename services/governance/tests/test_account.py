"""An account as its issuer tells of it: what is new is said once, and who held what since when can be read from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from contracts.accounts import (
    AccountClosed,
    AccountFact,
    AccountLinkMade,
    AccountOpened,
    AccountRenamed,
    Held,
    PasswordChosen,
    RolesGiven,
)
from contracts.envelope import Envelope
from contracts.personal import token
from contracts.values import Person
from governance.commands.accounts import ACCOUNT
from governance.domain.account import Account, Told, What, hear
from governance.views import accounts
from governance.views.accounts import AccountRow

WHO = uuid4()
ALVA = Person(id=WHO, name=token(WHO, "QWx2YSBFaw"))
SPRING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MANAGER = (Held(municipality="ekvik", roles=("it_manager",)),)
MANAGER_AND_PM = (Held(municipality="ekvik", roles=("pm", "it_manager")),)


def told(what: What, roles: tuple[Held, ...] = MANAGER, *, day: int = 0, renamed: bool = False) -> Told:
    return Told(
        what=what, person=ALVA, roles=roles, where=("ekvik",), at=SPRING + timedelta(days=day), renamed=renamed,
        how="added",
    )  # fmt: skip


def after(*all_told: Told) -> tuple[Account | None, list[AccountFact]]:
    """The account after an issuer told all this, and what was said of it."""
    account, facts = None, list[AccountFact]()
    for each in all_told:
        for fact in hear(account, each):
            account = ACCOUNT.evolve(account, fact)
            facts.append(fact)
    return account, facts


def kinds(facts: list[AccountFact]) -> list[type[AccountFact]]:
    return [type(fact) for fact in facts]


def row_of(facts: list[AccountFact]) -> AccountRow:
    row = None
    for number, fact in enumerate(facts, 1):
        event: Envelope[AccountFact] = Envelope(
            id=uuid4(), source="/flode/governance", subject=WHO, version=number, time=datetime(2027, 1, 1, tzinfo=UTC),
            municipality="ekvik", actor=f"operator/{uuid4()}", correlation="c", data=fact,
        )  # fmt: skip
        row = accounts.evolve(row, event)
    assert row is not None
    return row


def test_an_account_is_opened_once_however_often_it_is_told() -> None:
    _, facts = after(told("opened"), told("opened"), told("changed"))
    assert kinds(facts) == [AccountOpened]


def test_other_roles_are_said_with_those_before() -> None:
    _, facts = after(told("opened"), told("changed", MANAGER_AND_PM))
    assert isinstance(facts[1], RolesGiven)
    assert (facts[1].before, facts[1].roles) == (MANAGER, MANAGER_AND_PM)


def test_an_account_nobody_told_of_is_found_when_something_happens_to_it() -> None:
    _, facts = after(told("password-chosen"))
    assert kinds(facts) == [AccountOpened, PasswordChosen]
    assert isinstance(facts[0], AccountOpened)
    assert facts[0].how == "found"


def test_what_is_removed_is_removed_once_and_may_come_back() -> None:
    account, facts = after(told("opened"), told("closed"), told("closed"), told("opened", MANAGER_AND_PM))
    assert kinds(facts) == [AccountOpened, AccountClosed, AccountOpened]
    assert account == Account(id=WHO, roles=MANAGER_AND_PM)


def test_of_an_account_that_was_never_there_no_end_is_told() -> None:
    assert after(told("closed")) == (None, [])


def test_a_link_and_another_name_are_facts_of_their_own() -> None:
    _, facts = after(told("opened"), told("link-made"), told("changed", renamed=True))
    assert kinds(facts) == [AccountOpened, AccountLinkMade, AccountRenamed]


def test_a_role_is_held_since_it_was_given_whatever_else_changed() -> None:
    """When it happened counts, not when it was told of."""
    _, facts = after(told("opened"), told("changed", MANAGER_AND_PM, day=5), told("password-chosen", MANAGER, day=6))
    row = row_of(facts)
    assert {each.role: each.since for each in row.roles} == {
        "it_manager": SPRING,
        "pm": SPRING + timedelta(days=5),
    }
    assert row.ready
    assert [each.what for each in row.history] == ["added", "roles", "password"]
    assert row.history[1].given == (("ekvik", "pm"),)
    assert row.history[1].taken == ()


def test_who_was_removed_holds_nothing_and_what_was_held_is_still_read() -> None:
    row = row_of(after(told("opened"), told("closed", day=9))[1])
    assert (row.open, row.roles, row.closed_at) == (False, (), SPRING + timedelta(days=9))
    assert row.history[-1].taken == (("ekvik", "it_manager"),)
