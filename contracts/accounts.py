"""What governance says of accounts: who may sign in, and which roles they hold where. It is told so by the issuers of
the cooperation, whose word is signed; governance decides nothing here and remembers everything.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from contracts.event import Event, fact, value
from contracts.topics import ACCOUNT
from contracts.values import AwareDatetime, Municipality, Person

RoleName = Literal[
    "requester", "service_desk", "technician", "pm", "leader", "it_manager", "deputy", "auditor", "operator"
]
Opened = Literal["first", "added", "enrolled", "found"]
"""How an account came to be: as the first of an installation, by an operator, with many at once, or it was there when
accounts began to be written down."""


@value
class Held:
    """The roles somebody holds in a municipality; "*" is every one that the issuer speaks for."""

    municipality: Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9-]{0,62})$")]
    roles: tuple[RoleName, ...]


@fact("governance.account-opened", topic=ACCOUNT)
class AccountOpened(Event):
    """Somebody was given an account, with these roles. `account_id` is the person's pseudonym.

    `where` are the municipalities that the roles reach, with those that "*" stood for on that day. `at` is when it
    happened at the issuer, which may have told of it later.
    """

    account_id: UUID
    person: Person
    roles: tuple[Held, ...]
    where: tuple[Municipality, ...]
    how: Opened
    at: AwareDatetime


@fact("governance.roles-given", topic=ACCOUNT)
class RolesGiven(Event):
    """Somebody holds other roles than before; what is in `before` and not in `roles` was taken from them."""

    account_id: UUID
    person: Person
    before: tuple[Held, ...]
    roles: tuple[Held, ...]
    where: tuple[Municipality, ...]
    at: AwareDatetime


@fact("governance.account-renamed", topic=ACCOUNT)
class AccountRenamed(Event):
    """Somebody is called otherwise, or reads in another language."""

    account_id: UUID
    person: Person
    at: AwareDatetime


@fact("governance.account-link-made", topic=ACCOUNT)
class AccountLinkMade(Event):
    """A link was made by which somebody may choose a password, once; an earlier one ended."""

    account_id: UUID
    at: AwareDatetime


@fact("governance.password-chosen", topic=ACCOUNT)
class PasswordChosen(Event):
    """Somebody chose a password by the link they were given."""

    account_id: UUID
    at: AwareDatetime


@fact("governance.account-closed", topic=ACCOUNT)
class AccountClosed(Event):
    """Somebody's account is no more; `roles` are those they held until then."""

    account_id: UUID
    roles: tuple[Held, ...]
    at: AwareDatetime


AccountFact = AccountOpened | RolesGiven | AccountRenamed | AccountLinkMade | PasswordChosen | AccountClosed
