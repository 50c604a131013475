"""Like requests of other municipalities are found by their titles (IT-15)."""

from __future__ import annotations

from intake.domain.likeness import MOST, like

OTHERS = {
    "permits": "Ny e-tjänst för bygglov",
    "school": "Digital skolskjutsansökan",
    "print": "Byte av skrivare i kommunhuset",
    "care": "Mobil omsorg: nytt planeringssystem",
    "sensor": "Sensorer i vattenverket",
    "dogs": "E-tjänst för hundskatt",
}


def likest(title: str) -> str | None:
    found = like(title, OTHERS)
    return found[0][0] if found else None


def test_the_same_need_is_found_in_the_neighbours_languages() -> None:
    assert likest("E-tjenester for byggelov og bygglovsøknad") == "permits"
    assert likest("Søknad om skoleskyss: digital skolskjuts") == "school"
    assert likest("SENSORER I VANNVERKET") == "sensor"


def test_words_that_many_titles_have_make_nothing_alike() -> None:
    many = {str(number): f"Ny e-tjänst för {name}" for number, name in enumerate(("simhall", "vigsel", "parkering"))}
    found = dict(like("Ny e-tjänst för bygglov", {**many, "permits": "Bygglov på nätet"}))
    assert max(found, key=found.__getitem__) == "permits"


def test_what_has_nothing_in_common_is_not_shown() -> None:
    assert like("Ny telefonväxel", OTHERS) == []
    assert like("", OTHERS) == []
    assert like("Ny telefonväxel", {}) == []


def test_the_same_title_is_as_like_as_can_be_and_no_more_than_a_few_are_shown() -> None:
    found = like("Bygglov", dict.fromkeys(range(20), "Bygglov"))
    assert len(found) == MOST
    assert all(0.99 < likeness <= 1.01 for _, likeness in found)


def test_letters_of_the_nordic_alphabets_are_told_as_one() -> None:
    ((key, likeness),) = like("Räddningstjänst", {"same": "RÆDDNINGSTJÆNST"})
    assert (key, round(likeness, 6)) == ("same", 1.0)
