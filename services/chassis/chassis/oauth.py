"""Tokens that a system gives for a user's password or a client's secret (RFC 6749)."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.outbox import GiveUp
from chassis.outward import Outward


async def bearer(outward: Outward, url: str, form: Mapping[str, str]) -> dict[str, str]:
    """The header of a token that the endpoint at `url` gives for this form. Raises what `Outward.ask` raises."""
    answer = (await outward.ask("POST", url, form=form, headers={"Accept": "application/json"})).json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str):
        raise GiveUp("the system gave no token")
    return {"Authorization": f"Bearer {token}"}
