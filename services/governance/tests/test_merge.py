"""Two people write in one form: each keeps what they wrote, and where both did, both texts are there (IT-11)."""

from __future__ import annotations

from typing import Any

from contracts.values import Cadence
from governance.domain.merge import merge
from governance.domain.template import blank
from governance.pages.progress import progress

BASE: dict[str, Any] = {"title": "E-tjänst", "background": "", "contacts": [{"role": "Chef"}], "cost": {"cap": "1"}}


def test_what_each_wrote_alone_is_kept() -> None:
    mine = {**BASE, "background": "Papper", "contacts": [{"role": "Chef", "name": "Sigrid"}]}
    theirs = {**BASE, "cost": {"cap": "800 000"}, "contacts": [{"role": "Handläggare"}]}
    both = merge(BASE, mine, theirs)
    assert not both.collisions
    assert both.tree["background"] == "Papper"
    assert both.tree["cost"]["cap"] == "800 000"
    assert both.tree["contacts"] == [{"role": "Handläggare", "name": "Sigrid"}]
    assert both.taken == {"cost.cap": "800 000", "contacts.0.role": "Handläggare"}


def test_where_both_wrote_both_texts_are_there_and_mine_is_not_taken_away() -> None:
    both = merge(BASE, {**BASE, "title": "Min"}, {**BASE, "title": "Deras"})
    assert [(each.field, each.theirs, each.mine) for each in both.collisions] == [("title", "Deras", "Min")]
    assert both.tree["title"] == "Min"


def test_the_same_written_twice_is_no_collision() -> None:
    assert not merge(BASE, {**BASE, "title": "Ny"}, {**BASE, "title": "Ny"}).collisions


def test_rows_that_came_or_went_make_a_table_one_field() -> None:
    longer = {**BASE, "contacts": [{"role": "Chef"}, {"role": "Ny"}]}
    theirs = merge(BASE, {**BASE, "title": "Ny"}, longer)
    assert theirs.reshaped
    assert theirs.tree["contacts"] == longer["contacts"]
    both = merge(BASE, {**BASE, "contacts": []}, longer)
    assert [each.field for each in both.collisions] == ["contacts"]


def test_nobody_is_scolded_for_a_section_they_have_not_begun() -> None:
    empty = blank(title="E-tjänst", currency="SEK", cadence=Cadence(short_days=7, fixed_days=14))
    parts = {part.section: part.state for part in progress(empty, empty)}
    assert parts["contacts"] == "untouched"
    assert parts["title"] == "complete"
    assert parts["loans"] == "optional"
    picked = {**empty, "financing": {"lines": [{"kind": "other"}]}}
    chosen = {part.section: part.state for part in progress(picked, empty)}
    assert chosen["financing"] == "optional", "a list that begins with a choice was not filled in"
    assert "missing" not in parts.values()


def test_a_section_that_was_begun_says_how_much_is_missing() -> None:
    empty = blank(title="E-tjänst", currency="SEK", cadence=Cadence(short_days=7, fixed_days=14))
    begun = {**empty, "contacts": [{"role": "Chef"}], "background": "Papper"}
    parts = {part.section: (part.state, part.missing) for part in progress(begun, empty)}
    assert parts["contacts"] == ("missing", 2)
    assert parts["background"] == ("complete", 0)
