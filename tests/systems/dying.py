"""Intake as a process that ends as by a power cut: python -m tests.systems.dying MANY

It ends when so many deliveries are written down for good and none of them is answered yet. MANY is 0 for one that
lives. Its roles and all else are told by its environment, as a service is told them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any
from unittest.mock import patch

from chassis.serve import serve
from chassis.settings import Settings
from intake.commands import taking
from intake.main import service


def die_unanswered(many: int) -> None:
    """Let no delivery be answered; end when so many were taken, which is after their transactions are committed."""
    take, taken = taking.take, 0

    async def take_and_keep_silent(*given: Any, **more: Any) -> None:
        nonlocal taken
        await take(*given, **more)
        taken += 1
        if taken == many:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.Event().wait()

    patch.object(taking, "take", take_and_keep_silent).start()


if __name__ == "__main__":
    if many := int(sys.argv[1]):
        die_unanswered(many)
    asyncio.run(serve(service, Settings.from_env("intake")))
