"""Who plays: the people of the three municipalities and of the shared IT team, and the accounts they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chassis.identity import Role
from chassis.partnership import Partnership
from embedded.demo.tales import Tales, Town, address

EVERYWHERE = "*"
OPERATOR = "Dag Vinter"
AUDITOR = "Ylva Rosén"
TECHNICIAN = "Kim Strand"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the story who can sign in."""

    name: str
    email: str
    home: str
    language: str
    roles: Mapping[str, tuple[str, ...]]

    @property
    def named(self) -> dict[str, str]:
        """How a form or a program names them."""
        return {"name": self.name, "email": self.email}


class Cast:
    """Everybody."""

    def __init__(self, tales: Tales, partnership: Partnership) -> None:
        self.tales, self.partnership = tales, partnership
        self.host = partnership.host
        self._domains = {each.id: each.email_domains[0] for each in partnership.municipalities.values()}

    @cached_property
    def everyone(self) -> tuple[Somebody, ...]:
        """All who can sign in, each once."""
        return tuple({each.email: each for each in self._all()}.values())

    def named(self, name: str, home: str) -> Somebody:
        """Somebody of a municipality, by name."""
        email = address(name, self._domains[home])
        return next(each for each in self.everyone if each.email == email)

    @property
    def pm(self) -> Somebody:
        """The PM of the shared IT team: the one the partnership's settings name."""
        name = next(each.name for each in self.partnership[self.host].contacts if each.office == "pm")
        return self.named(name, self.host)

    @property
    def operator(self) -> Somebody:
        """Who operates the installation."""
        return self.named(OPERATOR, self.host)

    def manager(self, town: str) -> Somebody:
        """The IT manager of a municipality."""
        return self.named(self.tales.towns[town].people.it_manager, town)

    def deputy(self, town: str) -> Somebody:
        """Who sits in for them."""
        return self.named(self.tales.towns[town].people.deputy, town)

    def group(self, town: str, requester: Somebody) -> list[dict[str, Any]]:
        """A project group of all three kinds of members (IT-17)."""
        people = self.tales.towns[town].people
        (member, role), (consultant, task, firm) = people.team[0].split(", "), people.consultant.split(", ")
        domain = firm.split()[0].lower() + ".example"
        return [
            {"name": member, "email": address(member, self._domains[town]), "kind": "it_team", "role": role},
            {
                "name": consultant, "email": address(consultant, domain), "kind": "external_consultant",
                "role": task, "organisation": firm,
            },
            {**requester.named, "kind": "business", "role": self.tales.towns[town].word("contact")},
        ]  # fmt: skip

    def _all(self) -> Iterator[Somebody]:
        pm = next(each.name for each in self.partnership[self.host].contacts if each.office == "pm")
        yield self._somebody(pm, self.host, {EVERYWHERE: (Role.PM,)})
        yield self._somebody(OPERATOR, self.host, {EVERYWHERE: (Role.OPERATOR,)})
        yield self._somebody(AUDITOR, self.host, {EVERYWHERE: (Role.AUDITOR,)})
        yield self._somebody(TECHNICIAN, self.host, {self.host: (Role.TECHNICIAN,)})
        for home, town in self.tales.towns.items():
            yield from self._of(home, town)

    def _of(self, home: str, town: Town) -> Iterator[Somebody]:
        people = town.people
        yield self._somebody(people.it_manager, home, {home: (Role.IT_MANAGER,)})
        yield self._somebody(people.deputy, home, {home: (Role.DEPUTY,)})
        yield self._somebody(people.desk, home, {home: (Role.SERVICE_DESK,)})
        for name in people.leaders:
            yield self._somebody(name, home, {EVERYWHERE: (Role.LEADER,)})
        for name in (*people.orderers, *people.requesters):
            yield self._somebody(name, home, {home: (Role.REQUESTER,)})

    def _somebody(self, name: str, home: str, roles: Mapping[str, tuple[Role, ...]]) -> Somebody:
        held = {town: tuple(role.value for role in each) for town, each in roles.items()}
        return Somebody(name, address(name, self._domains[home]), home, self.partnership[home].language, held)
