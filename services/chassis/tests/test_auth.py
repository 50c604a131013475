"""A token holds or it does not; a role says what somebody may do, and a refusal says where to go."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from joserfc import jwk, jwt

from chassis.auth import Authenticator, NotSignedIn, NotYours, Role
from chassis.clock import SetClock
from chassis.identity import NAMES, PRECEDENCE, WHERE_TO_GO, Identity
from chassis.jwks import KeysUnavailable
from chassis.partnership import Partnership
from chassis.settings import Issuer

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
EMAIL = "ebba.strand@almby.example"
PEOPLE = UUID(int=7)

Token = Callable[..., str]


def person_id(municipality: str, email: str) -> UUID:
    return uuid5(PEOPLE, f"{municipality}/{email}")


def town(language: str, *domains: str) -> dict[str, object]:
    place = {"name": language, "country": "SE", "currency": "SEK", "timezone": "Europe/Stockholm"}
    return {**place, "language": language, "email_domains": domains}


@dataclass
class World:
    auth: Authenticator
    key: jwk.ECKey
    clock: SetClock
    jwks: Path

    def token(self, header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        claims: dict[str, Any] = {
            "iss": "https://id.almby.example",
            "aud": "flode",
            "sub": "ebba",
            "exp": int((NOW + timedelta(hours=1)).timestamp()),
            "email": EMAIL,
            "name": "Ebba Strand",
            "roles": {"almby": ["pm"], "birkelund": ["pm", "dancer"], "elsewhere": ["pm"]},
        } | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        with_key = key or self.key
        return jwt.encode({"alg": "ES256", "kid": self.key.kid, **(header or {})}, kept, with_key, ["ES256", "HS256"])


@pytest.fixture
def world(tmp_path: Path) -> World:
    key = jwk.ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
    jwks = tmp_path / "jwks.json"
    publish(jwks, key)
    partnership = Partnership.parse(
        {
            "name": "Samverkan",
            "host": "almby",
            "municipalities": {"almby": town("sv", "almby.example"), "birkelund": town("da"), "cirkelvik": town("nb")},
        }
    )
    issuers = (
        Issuer(issuer="https://id.almby.example", audience="flode", jwks_file=jwks),
        Issuer(issuer="https://id.birkelund.example", audience="flode", jwks_file=jwks, municipalities=("birkelund",)),
        Issuer(issuer="https://away.example", audience="flode", jwks_file=tmp_path / "nowhere.json"),
    )
    clock = SetClock(NOW)
    return World(Authenticator(issuers, partnership, person_id=person_id, clock=clock), key, clock, jwks)


def publish(jwks: Path, *keys: jwk.Key) -> None:
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=isinstance(key, jwk.OctKey)) for key in keys]}))


async def test_a_token_that_holds_says_who_somebody_is(world: World) -> None:
    ebba = await world.auth.identify(world.token())
    assert ebba.id == person_id("almby", EMAIL)
    assert ebba.name == "Ebba Strand"
    assert ebba.language == "sv"
    assert ebba.roles == {"almby": {Role.PM}, "birkelund": {Role.PM}}
    assert ebba.scope == {"almby", "birkelund"}
    assert ebba.actor("almby") == f"pm/{ebba.id}"
    assert "Ebba" not in repr(ebba)


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "sub"])
async def test_a_token_without_an_essential_claim_does_not_hold(world: World, claim: str) -> None:
    with pytest.raises(NotSignedIn):
        await world.auth.identify(world.token(**{claim: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"iss": "https://id.evil.example"},
        {"exp": int((NOW - timedelta(minutes=1)).timestamp())},
        {"exp": "never"},
        {"nbf": int((NOW + timedelta(minutes=5)).timestamp())},
        {"sub": ""},
    ],
)
async def test_a_token_for_another_place_or_time_does_not_hold(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn):
        await world.auth.identify(world.token(**changes))


async def test_a_token_signed_by_somebody_else_does_not_hold(world: World) -> None:
    stranger = jwk.ECKey.generate_key("P-256", {"kid": str(world.key.kid)})
    with pytest.raises(NotSignedIn):
        await world.auth.identify(world.token(key=stranger))


async def test_a_token_without_signature_does_not_hold(world: World) -> None:
    _, payload, _ = world.token().split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": world.key.kid}).encode()).decode().rstrip("=")
    with pytest.raises(NotSignedIn):
        await world.auth.identify(f"{header}.{payload}.")


async def test_a_public_key_is_not_taken_for_a_shared_secret(world: World) -> None:
    public = jwk.OctKey.import_key(json.dumps(world.key.as_dict(private=False)))
    with pytest.raises(NotSignedIn):
        await world.auth.identify(world.token({"alg": "HS256"}, key=public))


async def test_a_symmetric_key_in_a_public_set_is_not_taken(world: World) -> None:
    secret = jwk.OctKey.generate_key(256, {"kid": "shared"})
    publish(world.jwks, world.key, secret)
    with pytest.raises(NotSignedIn):
        await world.auth.identify(world.token({"alg": "HS256", "kid": "shared"}, key=secret))


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "é.é.é", "." * 3, "x" * 9000, "bnVsbA.bnVsbA.x"])
async def test_what_is_no_token_does_not_hold(world: World, text: str) -> None:
    with pytest.raises(NotSignedIn):
        await world.auth.identify(text)


async def test_a_new_key_is_fetched_when_a_token_names_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.jwks.ASK_AGAIN_SECONDS", 0)
    await world.auth.identify(world.token())
    world.key = jwk.ECKey.generate_key("P-256", auto_kid=True)
    publish(world.jwks, world.key)
    assert (await world.auth.identify(world.token())).email == EMAIL


async def test_an_unknown_key_does_not_make_us_ask_without_end(world: World) -> None:
    await world.auth.identify(world.token())
    world.key = jwk.ECKey.generate_key("P-256", auto_kid=True)
    publish(world.jwks, world.key)
    with pytest.raises(NotSignedIn):
        await world.auth.identify(world.token())


async def test_an_issuer_that_is_away_makes_nobody_signed_out(world: World) -> None:
    with pytest.raises(KeysUnavailable):
        await world.auth.identify(world.token(iss="https://away.example"))


async def test_a_star_is_every_municipality_the_issuer_may_speak_for(world: World) -> None:
    auditor = await world.auth.identify(world.token(roles={"*": ["auditor"]}))
    assert auditor.scope == {"almby", "birkelund", "cirkelvik"}
    theirs: dict[str, Any] = {"iss": "https://id.birkelund.example", "roles": {"*": ["auditor"], "almby": ["pm"]}}
    assert (await world.auth.identify(world.token(**theirs))).scope == {"birkelund"}


@pytest.mark.parametrize("roles", [None, [], "pm", {"almby": "pm"}, {"almby": [["pm"]]}, {"almby": ["pm\n"]}])
async def test_roles_that_are_not_understood_are_none(world: World, roles: object) -> None:
    assert (await world.auth.identify(world.token(roles=roles))).roles == {}


async def test_somebody_without_an_address_is_known_by_the_issuers_name_for_them(world: World) -> None:
    first, again = [await world.auth.identify(world.token(email=None, municipality="birkelund")) for _ in range(2)]
    other = await world.auth.identify(world.token(email=None, sub="alva"))
    assert first.id == again.id != other.id
    assert (first.home, first.language) == ("birkelund", "da")


def somebody(**roles: Role) -> Identity:
    held = {municipality: frozenset({role}) for municipality, role in roles.items()}
    return Identity(id=UUID(int=1), home="almby", language="en", roles=held)


def test_a_technician_is_refused_and_told_where_to_go() -> None:
    """IT-07."""
    with pytest.raises(NotYours) as refused:
        somebody(almby=Role.TECHNICIAN).must(Role.SERVICE_DESK, municipality="almby", rule="IT-07")
    assert refused.value.rule == "IT-07"
    assert refused.value.status == 403
    assert "Turn to the Service Desk" in str(refused.value)


def test_a_role_reaches_as_far_as_it_was_given() -> None:
    pm = somebody(almby=Role.PM)
    assert pm.must(Role.SERVICE_DESK, Role.PM, municipality="almby") is Role.PM
    with pytest.raises(NotYours) as refused:
        pm.must(Role.PM, municipality="birkelund")
    assert str(refused.value) == "Your role does not reach birkelund."


def test_a_requester_reads_nothing_of_a_municipality() -> None:
    requester = somebody(almby=Role.REQUESTER)
    assert requester.scope == frozenset()
    assert requester.scope_of(Role.REQUESTER) == {"almby"}


def test_every_role_has_a_name_a_place_to_go_and_a_precedence() -> None:
    assert set(NAMES) == set(WHERE_TO_GO) == set(PRECEDENCE) == set(Role)
