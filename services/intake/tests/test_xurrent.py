"""What Xurrent sends, who has signed it, and what is made of a request."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from chassis.partnership import ServiceDesk
from contracts.refusal import Refusals
from intake.adapters import ticket
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.port import Arrived, NotAsSent, polled
from intake.adapters.ticket import Ticket
from intake.adapters.xurrent import CalledElsewhere, system
from intake.adapters.xurrent_token import AHEAD, TOLERANCE

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ACCOUNT = "https://ekvik.xurrent.example"
KEY, NEXT = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
PUBLIC, NEXT_PUBLIC = (key.as_pem(private=False).decode() for key in (KEY, NEXT))


def desk(**settings: Any) -> ServiceDesk:
    return ServiceDesk.model_validate(
        {"municipality": "ekvik", "system": "xurrent", "kind": "xurrent", "secret": PUBLIC, "url": ACCOUNT, **settings}
    )


def by(flow_field: str) -> ServiceDesk:
    return desk(api={"url": "https://api.xurrent.example", "token": "t", "options": {"flow_field": flow_field}})


def claims(event: str = "request.update", **changes: Any) -> dict[str, Any]:
    made = int(NOW.timestamp())
    data = {"account": ACCOUNT, "name": "Till Flöde", "event": event, "object_id": 70470, "payload": {}}
    return {"data": data, "jti": "d6c9", "sub": "7", "iss": ACCOUNT, "nbf": made, "iat": made, **changes}


def sent(said: dict[str, Any], key: Any = KEY, algorithm: str = "RS256") -> Arrived:
    token = jwt.encode({"typ": "JWT", "alg": algorithm}, said, key, [algorithm])
    return Arrived(body=json.dumps({"jwt": token}).encode())


def unsigned(said: dict[str, Any], password: str = "", **header: str) -> Arrived:
    """A token that anybody can make; with a password, one that is signed with it."""

    def written(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).decode().rstrip("=")

    parts = f"{written(json.dumps(header).encode())}.{written(json.dumps(said).encode())}"
    signature = written(hmac.digest(password.encode(), parts.encode(), "sha256")) if password else ""
    return Arrived(body=json.dumps({"jwt": f"{parts}.{signature}"}).encode())


@pytest.mark.parametrize("secret", [PUBLIC, PUBLIC.replace("\n", "\\n"), f"\n{PUBLIC}\n"])
def test_a_token_is_proven_by_the_public_key_however_its_lines_are_written(secret: str) -> None:
    """IT-02"""
    system.verify(sent(claims()), (secret,), NOW)


def test_the_next_key_is_accepted_while_the_policy_is_being_changed() -> None:
    for key in (KEY, NEXT):
        system.verify(sent(claims(), key), (PUBLIC, NEXT_PUBLIC), NOW)
    with pytest.raises(Unauthentic):
        system.verify(sent(claims(), NEXT), (PUBLIC,), NOW)


FORGED = {
    "another's key": sent(claims(), NEXT),
    "another algorithm": sent(claims(), KEY, "RS512"),
    "padded otherwise": sent(claims(), KEY, "PS256"),
    "another kind of key": sent(claims(), ECKey.generate_key("P-256"), "ES256"),
    "the public key as a password": unsigned(claims(), password=PUBLIC, typ="JWT", alg="HS256"),
    "no algorithm": unsigned(claims(), typ="JWT", alg="none"),
    "no signature": unsigned(claims(), typ="JWT", alg="RS256"),
    "no token": Arrived(body=json.dumps({"jwt": "a.b"}).encode()),
    "a token that is no text": Arrived(body=b'{"jwt": {"data": 1}}'),
    "what a webhook without a policy sends": Arrived(body=json.dumps(claims()["data"]).encode()),
    "a list": Arrived(body=b"[" * 9000),
    "nothing": Arrived(body=b""),
}


@pytest.mark.parametrize("arrived", FORGED.values(), ids=FORGED)
def test_nothing_but_rs256_by_our_own_key_is_let_in(arrived: Arrived) -> None:
    """IT-02"""
    with pytest.raises(Unauthentic):
        system.verify(arrived, (PUBLIC,), NOW)


def test_what_was_signed_cannot_be_changed() -> None:
    header, _, signature = json.loads(sent(claims()).body)["jwt"].split(".")
    other = json.loads(sent(claims(jti="other")).body)["jwt"].split(".")[1]
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=json.dumps({"jwt": f"{header}.{other}.{signature}"}).encode()), (PUBLIC,), NOW)


def test_a_desk_whose_secret_is_no_key_lets_nobody_in() -> None:
    for secret in ("a-secret-of-ekvik-0001", ECKey.generate_key("P-256").as_pem(private=False).decode()):
        with pytest.raises(Unauthentic):
            system.verify(sent(claims()), (secret,), NOW)


def test_a_token_may_be_a_day_old_or_a_little_ahead_and_no_more() -> None:
    """P13: it says when it was made, and not until when it is good."""
    for edge, beyond in ((TOLERANCE, timedelta(seconds=1)), (-AHEAD, -timedelta(seconds=1))):
        system.verify(sent(claims()), (PUBLIC,), NOW + edge)
        with pytest.raises(Unauthentic):
            system.verify(sent(claims()), (PUBLIC,), NOW + edge + beyond)


@pytest.mark.parametrize("changes", [{"iat": None}, {"iat": "1764000000"}, {"iat": True}, {"nbf": 99999999999}])
def test_a_token_that_does_not_say_when_it_was_made_or_is_not_good_yet_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthentic):
        system.verify(sent(claims(**changes)), (PUBLIC,), NOW)


def test_a_delivery_names_its_request_and_is_known_by_its_jti() -> None:
    delivery = system.read(sent(claims()), desk())
    assert (delivery.key, delivery.lookup) == ("d6c9", "always")
    assert delivery.content == {"external_id": "70470", "number": "70470", "kind": "changed"}


def test_the_same_event_signed_again_is_the_same_delivery() -> None:
    """P3"""
    again = claims(iat=int(NOW.timestamp()) + 60)
    first, second = (system.read(sent(said), desk()) for said in (claims(), again))
    assert (first.key, first.hash) == (second.key, second.hash)


def test_what_is_told_of_something_else_is_a_fault_with_the_webhooks_name() -> None:
    """A task's number is no request's."""
    fault = system.read(sent(claims("task.update")), desk()).fault
    assert isinstance(fault, Refusals)
    named, event = fault.refusals
    assert isinstance(named, NotAsSent)
    assert (named.params["trigger"], event.field) == ("Till Flöde", "data.event")


def test_the_account_itself_is_called_back_and_nobody_else() -> None:
    def wants(address: object, iss: str = ACCOUNT) -> Arrived:
        return sent(claims(data={"event": "webhook.verify", "payload": {"callback": address}}, iss=iss))

    own = f"{ACCOUNT}/webhooks/123/verify?code=ab-cd_%20"
    assert system.callback(wants(own), desk()) == own
    assert system.callback(wants(own), desk(url=None)) == own
    assert system.callback(sent(claims()), desk()) is None
    elsewhere = [
        own.replace("https", "http"), "https://evil.example/x", "https://ekvik.xurrent.example@evil.example/",
        "https://evil.example\\@ekvik.xurrent.example/", "https://ekvik.xurrent.example:8443/x", f"{own} x",
        "https://sub.ekvik.xurrent.example/x", "https://ekvik.xurrent.example.evil.example/", "file:///etc/passwd",
        "", None,
    ]  # fmt: skip
    for address in elsewhere:
        with pytest.raises(CalledElsewhere, match="of the account itself, ekvik"):
            system.callback(wants(address), desk())
    with pytest.raises(CalledElsewhere):
        system.callback(wants("https://other.xurrent.example/x", iss="https://other.xurrent.example"), desk())


def record(notes: Any = None, requester: Any = None, **request: Any) -> Delivery:
    told = {
        "id": 70470, "subject": "E-tjänst för bygglov", "status": "assigned", "category": "rfc", "impact": "high",
        "created_at": "2026-03-14T09:56:11+01:00", "updated_at": "2026-03-14T10:14:00+01:00", "grouped_into": None,
        "service_instance": {"id": 126, "name": "Projekt"}, "team": {"id": 14, "name": "Servicedesk"},
        "template": {"id": 3, "subject": "Nytt projekt"}, "organization": {"id": 20, "name": "Ekvik"}, **request,
    }  # fmt: skip
    written = [{"text": "Vi behöver den.", "created_at": "2026-03-14T09:56:11+01:00"}] if notes is None else notes
    return system.read(polled({"request": told, "notes": written, "requester": requester}), desk(timezone=ZONE))


ZONE = "Europe/Stockholm"


def read(**how: Any) -> Ticket:
    return ticket.read(record(**how).content)


def test_a_request_is_a_ticket() -> None:
    said = read(requester={"name": "Sigrid Ek", "primary_email": "", "organization": {"name": "Bygg"}})
    assert (said.external_id, said.url) == ("70470", f"{ACCOUNT}/requests/70470")
    assert (said.kind, said.open, said.flow, said.priority) == ("changed", True, "Projekt", 2)
    assert (said.title, said.plain_description) == ("E-tjänst för bygglov", "Vi behöver den.")
    assert said.requester
    assert (said.requester.name, said.requester.email, said.organisation) == ("Sigrid Ek", None, "Bygg")
    assert read().requester is None
    assert read().organisation == "Ekvik"


def test_times_without_a_zone_are_the_desks_on_both_sides_of_a_change_of_the_clocks() -> None:
    """P13"""
    winter = read(updated_at="2026-03-29T01:59")
    summer = read(updated_at="2026-03-29T03:00")
    assert winter.updated_at == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert summer.updated_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_two_changes_in_one_minute_are_two_snapshots_of_one_time() -> None:
    first, second = record(subject="Första"), record(subject="Andra")
    assert first.key == second.key == "polled 70470 2026-03-14T09:14:00+00:00"
    assert first.hash != second.hash


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        ([], None),
        ([{"text": "Ett projekt. [flode:0123456789ab]", "created_at": "2026-03-14T09:56:11+01:00"}], None),
        ([{"text": "Hur går det?", "created_at": "2026-03-14T10:30:00+01:00"}], None),
        ([{"text": "Utan zon", "created_at": "2026-03-14T09:56"}], "Utan zon"),
        ([{"text": None, "created_at": "2026-03-14T09:56:11+01:00"}], None),
    ],
)
def test_only_the_note_that_the_request_was_made_with_is_its_description(notes: Any, text: str | None) -> None:
    assert read(notes=notes).description == text


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ({"status": "completed"}, "closed"),
        ({"status": "declined"}, "closed"),
        ({"status": "project_pending"}, "changed"),
        ({"trashed": True}, "closed"),
        ({"grouped_into": {"id": 70400, "subject": "En grupp"}}, "merged"),
    ],
)
def test_how_a_request_ends(request_: dict[str, Any], kind: str) -> None:
    said = read(**request_)
    assert said.kind == kind
    assert (said.into.external_id if said.into else None) == ("70400" if kind == "merged" else None)


@pytest.mark.parametrize(
    ("field", "flow"),
    [("service_instance", "Projekt"), ("team", "Servicedesk"), ("template", "Nytt projekt"), ("category", "rfc")],
)
def test_the_flow_is_told_by_the_field_that_the_desk_chooses(field: str, flow: str) -> None:
    """IT-04"""
    assert ticket.read(system.read(polled(json.loads(record().body)), by(field)).content).flow == flow
    bare = json.loads(record(service_instance=None, team=None, template=None, category=None).body)
    assert ticket.read(system.read(polled(bare), by(field)).content).flow == ""
