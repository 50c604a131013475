"""Every rule of this release is kept by code that names it and proved by a test that names it."""

from __future__ import annotations

import pytest

from tests.architecture.rules import RULES, Found, ids, in_code, in_tests, printed, table

TABLE = table()


def test_the_list_of_rules_is_whole() -> None:
    assert list(RULES) == [f"IT-{n:02}" for n in range(1, 23)] + [f"TY-{n:02}" for n in range(1, 24)]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_test(rule: str) -> None:
    assert TABLE[rule].tests, f"no test names {rule}: {RULES[rule]}"


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_code(rule: str) -> None:
    assert TABLE[rule].code, f"no code names {rule}: {RULES[rule]}"


def test_a_rule_that_nothing_names_shows_in_the_table() -> None:
    lines = list(printed({"IT-03": Found(code=["contracts/values.py::TicketRef"])}))
    assert lines[-1].startswith("| IT-03 | The reference")
    assert lines[-1].endswith("| `contracts/values.py::TicketRef` | **nowhere** |")


def test_code_names_a_rule_in_a_docstring_or_as_the_rule_of_a_refusal() -> None:
    source = '''
"""Tickets (IT-02)."""
class NotForYou(Refusal):
    """Says where to go."""
    rule = "IT-07"
    def ask(self):
        """Of time, economy and cooperation (IT-12…IT-14)."""
def pages():
    caller.must(PM, rule="IT-05")
def other():
    return "IT-09"  # IT-10
'''
    assert set(in_code(source)) == {
        ("IT-02", ""),
        ("IT-07", "NotForYou"),
        ("IT-12", "NotForYou.ask"),
        ("IT-13", "NotForYou.ask"),
        ("IT-14", "NotForYou.ask"),
        ("IT-05", "pages"),
    }


def test_a_test_names_a_rule_in_its_name_or_docstring_and_a_range_proves_nothing() -> None:
    source = '''
"""Of IT-01."""
class TestTickets:
    def test_it_03_the_ticket_stays(self): ...
def test_all_of_it():
    """IT-02, and all of TY-01…TY-23; see IT-16 … 19."""
def helper():
    """IT-05"""
'''
    assert set(in_tests(source)) == {("IT-03", "TestTickets.test_it_03_the_ticket_stays"), ("IT-02", "test_all_of_it")}


def test_an_id_inside_a_word_is_none() -> None:
    assert ids("UNIT-07 IT-071 IT-07.", ranges=True) == {"IT-07"}
