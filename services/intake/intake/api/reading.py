"""The bodies of hooks, read piece by piece: proven while they come in, and kept up to a limit.

What is larger is read to its end, because only then is it known who signed it, and its sender would send it again for
ever if it were refused. Of such a body the beginning, the size and the hash stay; so few are read at once, and for so
short a time, that nobody's can take the memory or the time of others.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack
from dataclasses import replace

from fastapi import Request

from chassis.web.guard import MOST_BYTES
from chassis.web.problems import TooLarge
from intake.adapters.port import CUT, Arrived, Proof
from intake.adapters.turns import ComeAgain, Turns

CEILING = 64 * 1024 * 1024
"""The largest body that is read, in bytes."""
SECONDS = 60.0
"""How long one that is larger than what is kept may take, its waiting for a turn included."""


async def whole(request: Request) -> bytes:
    """A body that is kept whole. Raises TooLarge."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge(most=MOST_BYTES // 1024)
    return bytes(body)


async def proven(request: Request, arrived: Arrived, proof: Proof, turns: Turns, desk: str) -> Arrived:
    """What arrived, with its body, or with the beginning of one that is too large to be kept.

    Raises Unauthentic, and ComeAgain where too many large ones come at once or one does not end.
    """
    begun, size, digest = bytearray(), 0, hashlib.sha256()
    try:
        async with AsyncExitStack() as bounds:
            async for piece in request.stream():
                if size <= MOST_BYTES < size + len(piece):
                    await bounds.enter_async_context(asyncio.timeout(SECONDS))
                    await bounds.enter_async_context(turns.take(f"{desk} large"))
                proof.update(piece)
                digest.update(piece)
                begun += piece[: max(0, MOST_BYTES - size)]
                size += len(piece)
    except TimeoutError:
        raise ComeAgain from None
    proof.let_pass()
    if size <= MOST_BYTES:
        return replace(arrived, body=bytes(begun))
    return replace(arrived, body=bytes(begun), headers={**arrived.headers, CUT: f"{size} {digest.hexdigest()}"})
