"""A case that leaves the house: a row and the events that made it so, signed so that anybody can see it unchanged.

The file is JSON: `case` is what it says, `jws` a detached JSON Web Signature (RFC 7515, appendix F; Ed25519) over the
bytes that `canonical` makes of `case`. Each event is there as the log holds it, byte for byte in base64, with the
SHA-256 of those bytes; `chain` of an event is the SHA-256 of the chain before it and its own hash, so that none can be
left out or moved. Names stay sealed: whoever is erased is erased from every case as well.

The key is derived from FLODE_LINK_KEY. Its public half is at `/<service>/audit/key.json`, and is all that a reader
elsewhere needs: `flode verify case.json --key key.json`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chassis.audit import fields_of
from chassis.decode import decode
from chassis.log import Record
from chassis.views import View

ALGORITHM = "Ed25519"
FORMAT = "flode-case-1"


class NotGenuine(Exception):
    """The file is not as it was exported, or not of this installation; the message says what does not hold."""


def signing_key(secret: bytes) -> OKPKey:
    """The key that cases are signed with, from FLODE_LINK_KEY; it cannot be led back to it, nor sign links."""
    seed = hmac.digest(secret, b"flode case 1", "sha256")
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    said: dict[str, str | list[str]] = {"kty": "OKP", "crv": "Ed25519", "d": _encoded(seed), "x": _encoded(public)}
    return OKPKey.import_key(said, {"use": "sig", "alg": ALGORITHM})


def public_key(secret: bytes) -> dict[str, Any]:
    """The public half as a JSON Web Key (RFC 8037)."""
    key = signing_key(secret)
    return {**key.as_dict(private=False), "kid": key.thumbprint()}


def canonical(case: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON with its names sorted, without spaces, as UTF-8."""
    return json.dumps(case, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def case_of(view: View[Any], row: object, records: Iterable[Record], secret: bytes, **said: object) -> dict[str, Any]:
    """What a case says: the row, and its events in order. `said` is who exported what, and when.

    Of an event with private fields (drafts, how somebody voted) the exact bytes stay here: it is there without those
    fields, and its hash is keyed, so that what is kept back cannot be found by trying.
    """
    events: list[dict[str, Any]] = []
    chain = b""
    for record in records:
        event, digest = _event(view, record, secret)
        chain = hashlib.sha256(chain + digest).digest()
        events.append({"position": str(record.position), "type": record.type, **event, "chain": chain.hex()})
    case = {"format": FORMAT, "view": view.name, **said, "row": fields_of(row, view.private), "events": events}
    plain: dict[str, Any] = json.loads(msgspec.json.encode(case, enc_hook=str))
    return plain


def _event(view: View[Any], record: Record, secret: bytes) -> tuple[dict[str, Any], bytes]:
    data = decode(record.message, record.sequence).data
    withheld = sorted(name for name in view.private if getattr(data, name, None))
    if not withheld:
        digest = hashlib.sha256(record.message).digest()
        return {"envelope": base64.b64encode(record.message).decode(), "sha256": digest.hex()}, digest
    digest = hmac.digest(secret, b"flode withheld 1|" + record.message, "sha256")
    message = json.loads(record.message)
    message["data"] = {name: held for name, held in message["data"].items() if name not in withheld}
    return {"without": message, "withheld": withheld, "keyed_sha256": digest.hex()}, digest


def digest_of(case: Mapping[str, Any]) -> str:
    """The SHA-256, in hexadecimal, of what a case says of its row, whoever took it along and when: it is the same in
    the signed file and in the PDF of the same case."""
    about = {name: held for name, held in case.items() if name not in ("as_of", "exported_at", "exported_by")}
    return hashlib.sha256(canonical(about)).hexdigest()


def sign(case: Mapping[str, Any], secret: bytes) -> bytes:
    """The file of a case."""
    key = signing_key(secret)
    said = {"alg": ALGORITHM, "kid": key.thumbprint()}
    before, _, after = jws.serialize_compact(said, canonical(case), key, algorithms=[ALGORITHM]).split(".")
    return json.dumps({"case": case, "jws": f"{before}..{after}"}, indent=1, ensure_ascii=False).encode()


def verify(file: bytes, key: Mapping[str, Any]) -> dict[str, Any]:
    """What a case says, if it is as it was exported by the holder of this (public) key. Raises NotGenuine."""
    try:
        whole = json.loads(file)
        case, (before, empty, after) = whole["case"], whole["jws"].split(".")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotGenuine("this is no case of Flöde's") from None
    try:
        compact = f"{before}.{_encoded(canonical(case))}.{after}"
        jws.deserialize_compact(compact, OKPKey.import_key(dict(key)), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        raise NotGenuine("the signature does not hold: the file was changed, or another key signed it") from None
    if empty or set(whole) != {"case", "jws"} or case.get("format") != FORMAT:
        raise NotGenuine("the file holds more than was signed, or is of another format")
    chain = b""
    for event in case["events"]:
        digest = bytes.fromhex(event.get("sha256") or event["keyed_sha256"])
        if "envelope" in event and hashlib.sha256(base64.b64decode(event["envelope"])).digest() != digest:
            raise NotGenuine(f"the bytes of {event['position']} are not those of its hash")
        chain = hashlib.sha256(chain + digest).digest()
        if chain.hex() != event["chain"]:
            raise NotGenuine(f"the chain is broken at {event['position']}")
    checked: dict[str, Any] = case
    return checked


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
