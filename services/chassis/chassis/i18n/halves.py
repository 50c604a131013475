"""Half-years, by which deliveries are planned: a code such as 2027H1 where programs read it, words where people do."""

from __future__ import annotations

import re
from datetime import date

from chassis.i18n import N_, translate

CODE = re.compile(r"(\d{4})H([12])")
WORDS = {"1": N_("first half of {year}"), "2": N_("second half of {year}")}


def in_words(code: str, language: str) -> str:
    """A half-year as people say it. What is no such code, as somebody may have written it themselves, stays."""
    found = CODE.fullmatch(code)
    return translate(WORDS[found[2]], language, year=found[1]) if found else code


def half_years(day: date, *, back: int = 0, ahead: int, also: str | None = None) -> list[str]:
    """The half-year of a day, those before it and those that follow, and `also` one that is chosen already."""
    here = day.year * 2 + (day.month > 6)
    found = [f"{each // 2}H{each % 2 + 1}" for each in range(here - back, here + ahead + 1)]
    return found if not also or also in found else [also, *found]
