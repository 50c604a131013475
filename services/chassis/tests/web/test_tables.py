"""Tables on a narrow screen: each cell says what its column is, and what holds nothing is left out."""

from __future__ import annotations

from chassis.web.tables import labelled

HEADS = ["Project", ("Budget", "number"), "Leader & group"]


def test_each_cell_carries_the_head_of_its_column() -> None:
    rows = '<tr>\n<th scope="row">Beet</th><td class="number">5</td><td>Ebba</td></tr>'
    assert labelled(rows, HEADS) == (
        '<tr>\n<th scope="row">Beet</th><td data-label="Budget" class="number">5</td>'
        '<td data-label="Leader &amp; group">Ebba</td></tr>'
    )


def test_a_row_begins_with_the_first_column_again() -> None:
    assert labelled("<tr><td>a</td></tr><tr><td>b</td></tr>", HEADS).count('data-label="Project"') == 2


def test_a_cell_that_holds_nothing_is_left_out_of_a_card() -> None:
    for nothing in ("", " ", "–", "\n –\n"):
        assert "data-none" in labelled(f"<tr><td>{nothing}</td></tr>", HEADS)
    assert "data-none" not in labelled("<tr><td>– and more</td></tr>", HEADS)


def test_a_cell_over_several_columns_has_no_label_and_is_counted() -> None:
    rows = labelled('<tr><td colspan="2">a bar</td><td>Ebba</td><td>beyond</td></tr>', HEADS)
    assert rows == '<tr><td colspan="2">a bar</td><td data-label="Leader &amp; group">Ebba</td><td>beyond</td></tr>'
