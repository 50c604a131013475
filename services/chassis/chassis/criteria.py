"""What a partnership judges by until its own file says otherwise: size, priority, and what is done with ties."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from contracts.values import Criterion


class SizeCriterion(BaseModel):
    """What speaks for a project rather than a change within daily operation (IT-06), as a question per language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    names: dict[str, str]


def _names(sv: str, da: str, nb: str, en: str) -> dict[str, str]:
    return {"sv": sv, "da": da, "nb": nb, "en": en}


PRIORITY_CRITERIA = (
    Criterion(key="time", weight=Decimal(1), names=_names("Tid", "Tid", "Tid", "Time")),
    Criterion(key="economy", weight=Decimal(1), names=_names("Ekonomi", "Økonomi", "Økonomi", "Economy")),
    Criterion(
        key="cooperation",
        weight=Decimal(1),
        names=_names(
            "Samverkan över kommungränserna",
            "Samarbejde på tværs af kommunerne",
            "Samarbeid på tvers av kommunene",
            "Cooperation across municipalities",
        ),
    ),
)
"""Time and economy (IT-12) and cooperation across municipalities (IT-14), equally heavy."""

SIZE_CRITERIA = (
    SizeCriterion(
        key="effort",
        names=_names(
            "Tar mer än 80 timmar?", "Tager det mere end 80 timer?", "Tar det mer enn 80 timer?", "More than 80 hours?"
        ),
    ),
    SizeCriterion(
        key="cost",
        names=_names(
            "Kostar mer än 100 000?",
            "Koster det mere end 100.000?",
            "Koster det mer enn 100 000?",
            "More than 100,000?",
        ),
    ),
    SizeCriterion(
        key="several_units",
        names=_names(
            "Berör flera förvaltningar eller kommuner?",
            "Berører det flere forvaltninger eller kommuner?",
            "Berører det flere etater eller kommuner?",
            "Several departments or municipalities?",
        ),
    ),
    SizeCriterion(
        key="new_system",
        names=_names(
            "Inför eller byter ett system?",
            "Indfører eller udskifter det et system?",
            "Innfører eller bytter det et system?",
            "A new or replaced system?",
        ),
    ),
    SizeCriterion(
        key="procurement",
        names=_names("Kräver upphandling?", "Kræver det udbud?", "Krever det anskaffelse?", "Procurement needed?"),
    ),
)

TIE_RULE: Mapping[str, str] = _names(
    "Vid lika poäng går det ärende först som tjänar flest kommuner, därefter det som kom in först.",
    "Ved lige mange point går den anmodning først, som tjener flest kommuner, derefter den, der kom først ind.",
    "Ved lik poengsum går den henvendelsen først som tjener flest kommuner, deretter den som kom først inn.",
    "Equal scores: the request that serves most municipalities goes first, then the one that came in first.",
)
