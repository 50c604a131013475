"""Who may hand over a request and who may judge it."""

from __future__ import annotations

from functools import partial

import pytest

from intake.domain.access import OnlyThePM, OnlyTheServiceDesk, TechniciansTakeNoOrders, may_judge, may_register


def test_the_service_desk_registers() -> None:
    """IT-02"""
    may_register("Ekvik", service_desk=True, technician=False)
    may_register("Ekvik", service_desk=True, technician=True)


def test_nobody_else_registers_and_is_told_where_to_go() -> None:
    """IT-02"""
    with pytest.raises(OnlyTheServiceDesk, match="Service Desk of Ekvik") as refused:
        may_register("Ekvik", service_desk=False, technician=False)
    assert (refused.value.status, refused.value.rule) == (403, "IT-02")


def test_a_technician_neither_creates_nor_accepts_an_order_and_is_told_where_it_goes() -> None:
    """IT-07"""
    for may in (
        partial(may_register, "Ekvik", service_desk=False, technician=True),
        partial(may_judge, "Ekvik", pm=False, technician=True),
    ):
        with pytest.raises(TechniciansTakeNoOrders, match="report it to the Service Desk of Ekvik") as refused:
            may()
        assert (refused.value.status, refused.value.rule) == (403, "IT-07")


def test_only_the_pm_judges() -> None:
    """IT-05"""
    may_judge("Ekvik", pm=True, technician=False)
    with pytest.raises(OnlyThePM) as refused:
        may_judge("Ekvik", pm=False, technician=False)
    assert refused.value.rule == "IT-05"
