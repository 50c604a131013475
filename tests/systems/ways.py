"""The ways between us and a stand-in, without intake or notifications around them: what is asked of it, and what is
written into it.
"""

from __future__ import annotations

from typing import Any

from chassis.outward import Outward
from chassis.partnership import ServiceDesk
from intake.adapters.port import Way
from tests.systems.peer import Peer


def way_to(peer: Peer, **changes: Any) -> Way:
    """The way over which a stand-in's desk is asked; `changes` are to the desk's settings."""
    desk = ServiceDesk.model_validate({**peer.settings(), **changes})
    assert desk.api
    outward = Outward(municipality="ekvik", hosts=("127.0.0.1",), private=True, seconds=3, breakers={})
    return Way(desk=desk, api=desk.api, outward=outward)
