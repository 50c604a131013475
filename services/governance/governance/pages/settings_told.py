"""What is settled, in a line: as it holds now, and as it was settled then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from chassis.i18n import LANGUAGES, N_, fill, translate
from chassis.partnership import Partnership
from governance.views.settings import SettingsRow

OFFICES: Mapping[str, str] = {"pm": N_("PM"), "it_manager": N_("IT manager")}
EVERY = N_("short check-in every {short} days, fixed meeting every {fixed} days")
STANDS_IN = N_("{name} for {manager}, {starts} to {ends}")
NO_LONGER = N_("no longer than {ends}")
TAKEN_AWAY = N_("taken away")


def now(part: str, partnership: Partnership) -> dict[str, Any]:
    """What holds for all now, as a fact would settle it."""
    place = {"criteria": "criteria", "size": "size_criteria", "cadence": "cadence", "ties": "tie_rule"}.get(part)
    return partnership.model_dump(include={place}) if place else {}


def settled(what: Mapping[str, Any], language: str) -> str:
    """What was settled, in a line; its people are opened."""
    return "; ".join(filter(None, (_one(path, held, language) for path, held in what.items())))


def _one(path: str, held: Any, language: str) -> str:
    match path.split("/"):
        case ["criteria"]:
            parts = shares(held)
            named = [words_of(one["names"], language) for one in held]
            return ", ".join(f"{name} {part} %" for name, part in zip(named, parts, strict=True))
        case ["size_criteria"]:
            return " ".join(words_of(one["names"], language) for one in held)
        case ["cadence"]:
            return translate(EVERY, language, short=held["short_days"], fixed=held["fixed_days"])
        case ["tie_rule"] | ["guidance", _]:
            return words_of(held, language) if held else translate(TAKEN_AWAY, language)
        case ["municipality", "contacts"]:
            return ", ".join(f"{one['name']} ({translate(OFFICES[one['office']], language)})" for one in held)
        case ["municipality", "deputies", _]:
            days = _days(held["starts"], held["ends"])
            return translate(STANDS_IN, language, name=held["name"], manager=held["manager"], **days)
        case ["municipality", "deputies", _, "ends"]:
            return translate(NO_LONGER, language, ends=date.fromisoformat(held))
        case ["municipality", "name" | "timezone" | "email_domains" | "hosts"]:
            return held if isinstance(held, str) else ", ".join(held)
        case _:
            return ""


def shares(criteria: Any) -> list[str]:
    """What each weight is of the whole, in percent; empty where a weight is none."""
    weights = [_weight(one) for one in criteria or ()]
    whole = sum((weight for weight in weights if weight), Decimal(0))
    return ["" if not weight or not whole else f"{weight * 100 / whole:.0f}" for weight in weights]


def _weight(criterion: Any) -> Decimal | None:
    try:
        weight = Decimal(str(criterion.get("weight", "")))
    except InvalidOperation:
        return None
    return weight if weight.is_finite() and weight > 0 else None


def words_of(words: Mapping[str, str] | None, language: str) -> str:
    """A text that stands in several languages, in the reader's or the nearest to it."""
    for each in (language, "en", *LANGUAGES):
        if words and words.get(each):
            return words[each]
    return ""


def _days(starts: str, ends: str) -> dict[str, date]:
    return {"starts": date.fromisoformat(starts), "ends": date.fromisoformat(ends)}


def still(row: SettingsRow | None, today: date, language: str) -> Iterator[tuple[str, str]]:
    """The deputies whose days are not over, by their id, with the days that were said of them."""
    days: dict[str, tuple[str, str]] = {}
    for change in reversed(row.changes if row else ()):
        for path, held in change.settled.items():
            match path.split("/"):
                case ["municipality", "deputies", one]:
                    days[one] = (held["starts"], held["ends"])
                case ["municipality", "deputies", one, "ends"] if one in days:
                    days[one] = (days[one][0], held)
    for one, (starts, ends) in days.items():
        if date.fromisoformat(ends) >= today:
            yield one, fill("{starts} – {ends}", language, _days(starts, ends))
