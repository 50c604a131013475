"""Bodies that are wrapped up so that changing them would only break the wrapping: the fuzzer changes what is within."""

from __future__ import annotations

import base64
import json


def unwrapped(kind: str, body: bytes) -> bytes:
    """What is within a body: the claims of Xurrent's token."""
    if kind != "xurrent":
        return body
    said = json.loads(body)["jwt"].split(".")[1]
    return base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))


def wrapped(kind: str, within: bytes, *, polled: bool) -> bytes:
    """The body around it; every third stays as it is, so that the wrapping itself is tried too."""
    if kind != "xurrent" or polled or len(within) % 3 == 0:
        return within
    return json.dumps({"jwt": "e30." + base64.urlsafe_b64encode(within).decode().rstrip("=") + ".c2ln"}).encode()
