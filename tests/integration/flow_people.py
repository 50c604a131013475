"""Who takes part in the flow tests, all invented, and the partnership they belong to."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from chassis.partnership import Partnership
from tests.integration import governance_world

TOWNS = ("ekvik", "nordvik")
SECRETS = {town: "whsec_" + base64.b64encode(f"the secret of {town}'s desk".encode()).decode() for town in TOWNS}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person with roles per municipality."""

    name: str
    home: str
    roles: dict[str, list[str]]

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@{self.home}.example"

    @property
    def told(self) -> dict[str, str]:
        """How others name them in what they send."""
        return {"name": self.name, "email": self.email}


SOMEBODY = {
    "pm": Somebody("Maj Ekdal", "ekvik", {"ekvik": ["pm"], "nordvik": ["pm"]}),
    "desk": Somebody("Stig Falk", "ekvik", {"ekvik": ["service_desk"], "nordvik": ["service_desk"]}),
    "technician": Somebody("Tor Alm", "ekvik", {"ekvik": ["technician"], "nordvik": ["technician"]}),
    "requester": Somebody("Sigrid Ek", "ekvik", {"ekvik": ["requester"]}),
    "northern requester": Somebody("Odd Berge", "nordvik", {"nordvik": ["requester"]}),
    "orderer": Somebody("Greta Lindmark", "ekvik", {"ekvik": ["requester"]}),
    "leader": Somebody("Hanna Berg", "ekvik", {"ekvik": ["leader"]}),
    "other leader": Somebody("Berit Lund", "ekvik", {"ekvik": ["leader"]}),
    "manager of ekvik": Somebody("Tore Silfverek", "ekvik", {"ekvik": ["it_manager"]}),
    "manager of nordvik": Somebody("Ragna Moen", "nordvik", {"nordvik": ["it_manager"]}),
    "deputy of nordvik": Somebody("Liv Solheim", "nordvik", {"nordvik": ["deputy"]}),
}
REQUESTER = {"ekvik": "requester", "nordvik": "northern requester"}


def a_partnership() -> Partnership:
    """Two municipalities, whose Service Desks deliver by webhook."""

    def town(name: str, language: str, country: str, currency: str, zone: str, *contacts: Any) -> dict[str, Any]:
        return {
            "name": name, "language": language, "country": country, "currency": currency, "timezone": zone,
            "email_domains": [f"{name.lower()}.example"], "contacts": contacts,
        }  # fmt: skip

    pm = {"office": "pm", **SOMEBODY["pm"].told}
    managers = {each: {"office": "it_manager", **SOMEBODY[f"manager of {each}"].told} for each in TOWNS}
    return Partnership.parse(
        {
            "name": "Samverkan vid viken",
            "host": "ekvik",
            "mail_from": "Flöde <flode@ekvik.example>",
            "municipalities": {
                "ekvik": town("Ekvik", "sv", "SE", "SEK", "Europe/Stockholm", pm, managers["ekvik"]),
                "nordvik": town("Nordvik", "nb", "NO", "NOK", "Europe/Oslo", managers["nordvik"]),
            },
            "service_desks": [
                {"municipality": each, "system": "zammad", "secret": secret} for each, secret in SECRETS.items()
            ],
        }
    )


CRITERIA = [{"key": each.key, "met": True} for each in a_partnership().size_criteria]
SCORED_BY = [each.key for each in a_partnership().criteria]

FULL_FORM: dict[str, Any] = {
    **governance_world.FULL_FORM,
    "orderer": SOMEBODY["orderer"].told,
    "contacts": [{"role": "Handläggare", **SOMEBODY["requester"].told, "phone": "0123-200"}],
}
PLAN = {
    "summary": "Vi upphandlar och inför.",
    "steps": [{"text": "Upphandling", "starts": "2026-04-02", "ends": "2026-05-15"}],
}
REPORT = {
    "cadence": "fixed", "time": "green", "cost": "red", "result": "green", "progress": 20, "spent": "100000",
    "forecast": "700000", "next_steps": "Upphandlingen annonseras",
    "risks": [{"text": "Leverantören dröjer", "likelihood": 3, "impact": 4}],
}  # fmt: skip
