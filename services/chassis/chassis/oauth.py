"""Tokens that a system gives for a user's password or a client's secret (RFC 6749)."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.i18n import N_
from chassis.options import Option
from chassis.outbox import GiveUp
from chassis.outward import Outward
from chassis.partnership import Api

CLIENT_ID = Option(
    name="client_id",
    label=N_("The application's id"),
    hint=N_("As it was given when the application was registered, where the system wants to know the application."),
)
TOKEN_URL = Option(
    name="token_url",
    label=N_("Address that gives tokens"),
    hint=N_("Where no password is taken, as by Exchange Online: a token is fetched here for the application's secret."),
    kind="address",
    pattern=r"https?://[^/@\s]+(/\S*)?",
    example="https://login.example.org/oauth2/token",
)
SCOPE = Option(
    name="scope",
    label=N_("Scope of the token"),
    hint=N_("What the token is asked for, as the one who gives it calls that."),
)


async def token_for(outward: Outward, api: Api) -> str | None:
    """The token by which a program gets into a mailbox, where the api's options name an endpoint that gives one for a
    client's secret (RFC 6749, section 4.4); None where there is a password. Raises what `Outward.ask` raises."""
    url = TOKEN_URL.of(api)
    if not url:
        return None
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID.of(api),
            "client_secret": api.token, "scope": SCOPE.of(api)}  # fmt: skip
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
