"""Tokens that a system gives for a user's password or a client's secret (RFC 6749)."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.outbox import GiveUp
from chassis.outward import Outward
from chassis.partnership import Api


async def token_for(outward: Outward, api: Api) -> str | None:
    """The token by which a program gets into a mailbox, where the api's options name an endpoint that gives one for a
    client's secret (RFC 6749, section 4.4); None where there is a password. Raises what `Outward.ask` raises."""
    url = api.options.get("token_url")
    if url is None:
        return None
    form = {"grant_type": "client_credentials", "client_id": api.options.get("client_id", ""),
            "client_secret": api.token, "scope": api.options.get("scope", "")}  # fmt: skip
    return await _given(outward, url, form)


async def bearer(outward: Outward, url: str, form: Mapping[str, str]) -> dict[str, str]:
    """The header of a token that the endpoint at `url` gives for this form. Raises what `Outward.ask` raises."""
    return {"Authorization": f"Bearer {await _given(outward, url, form)}"}


async def _given(outward: Outward, url: str, form: Mapping[str, str]) -> str:
    answer = (await outward.ask("POST", url, form=form, headers={"Accept": "application/json"})).json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str):
        raise GiveUp("the system gave no token")
    return token
