"""What may be asked of intake.

`taking` is about what arrives, `asking` about what is asked of the ticketing systems for its sake and `asking_after`
about what was not heard of, `judging` about what people decide. Each loads, asks the domain and appends what it
answers.
"""

from __future__ import annotations

from typing import Protocol

from chassis.aggregate import Aggregate
from chassis.clock import Clock
from chassis.db import Database
from chassis.partnership import Partnership
from chassis.store import Store
from chassis.vault import Vault
from contracts.intake import IntakeFact
from intake.domain import request
from intake.domain.request import Request

REQUEST: Aggregate[Request, IntakeFact] = Aggregate("request", IntakeFact, request.evolve)


class Means(Protocol):
    """What is needed for it; the routes' `Here` has it, and so has a sender."""

    @property
    def service(self) -> str:
        """Ours."""

    @property
    def store(self) -> Store:
        """Our log."""

    @property
    def db(self) -> Database:
        """Our database."""

    @property
    def vault(self) -> Vault:
        """Where personal data is sealed."""

    @property
    def partnership(self) -> Partnership:
        """The cooperation."""

    @property
    def clock(self) -> Clock:
        """The time."""
