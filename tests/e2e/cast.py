"""The people of the end-to-end tests: every role of the flow, in the three municipalities of the embedded partnership.

The PM and the IT managers are those whom the partnership's settings name, because those are told by mail.
"""

from __future__ import annotations

from dataclasses import dataclass

HOST, DANISH, NORWEGIAN = "lindmala", "soenderlund", "fjellvaag"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person as an operator adds them: roles are written role@municipality, "*" is every municipality."""

    name: str
    email: str
    language: str
    roles: tuple[str, ...]

    @property
    def told(self) -> dict[str, str]:
        """How others name them in what they send."""
        return {"name": self.name, "email": self.email}


CAST: dict[str, Somebody] = {
    "operator": Somebody("Tage Nordin", "tage.nordin@lindmala.example", "sv", ("operator@*",)),
    "pm": Somebody("Maja Ek", "maja.ek@lindmala.example", "sv", ("pm@*",)),
    "desk": Somebody("Ruth Hagen", "ruth.hagen@lindmala.example", "sv", ("service_desk@lindmala",)),
    "technician": Somebody("Kaj Smedby", "kaj.smedby@lindmala.example", "sv", ("technician@lindmala",)),
    "requester": Somebody("Sigrid Almlöf", "sigrid.almlof@lindmala.example", "sv", ("requester@lindmala",)),
    "orderer": Somebody("Greta Lindmark", "greta.lindmark@lindmala.example", "sv", ("requester@lindmala",)),
    "leader": Somebody("Hanna Bergdal", "hanna.bergdal@lindmala.example", "sv", ("leader@lindmala",)),
    "manager": Somebody("Tore Silfverek", "tore.silfverek@lindmala.example", "sv", ("it_manager@lindmala",)),
    "danish manager": Somebody("Bo Vang", "bo.vang@soenderlund.example", "da", ("it_manager@soenderlund",)),
    "norwegian manager": Somebody("Ragna Moen", "ragna.moen@fjellvaag.example", "nb", ("it_manager@fjellvaag",)),
    "deputy": Somebody("Liv Solheim", "liv.solheim@fjellvaag.example", "nb", ("deputy@fjellvaag",)),
    "auditor": Somebody("Signe Damm", "signe.damm@soenderlund.example", "da", ("auditor@*",)),
    "stranger": Somebody(
        "Nanna Skov",
        "nanna.skov@soenderlund.example",
        "da",
        tuple(
            f"{role}@soenderlund"
            for role in ("pm", "leader", "it_manager", "deputy", "service_desk", "technician", "auditor", "operator")
        ),
    ),
}
"""By the part they play. The stranger may do everything, and in one municipality only."""

DANE = Somebody("Karen Holmgaard", "karen.holmgaard@soenderlund.example", "da", ())
NORWEGIAN_REQUESTER = Somebody("Odd Berge", "odd.berge@fjellvaag.example", "nb", ())
CONSULTANT = Somebody("Vera Lindqvist", "vera.lindqvist@konsult.example", "sv", ())
"""Named in tickets and groups, without an account."""
