"""Log files that stop growing: the full one is put aside and begun again, under the feet of whoever writes to it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

LARGEST = 10 * 1024 * 1024
KEPT = 3


def turn_over(folder: Path, *, largest: int = LARGEST, kept: int = KEPT) -> list[Path]:
    """Copy each log of `folder` over `largest` bytes to <name>.1 (older ones to .2 …) and empty it; returns which.

    The programs keep their files open for appending, so the file itself must stay. A line written between the copy and
    the emptying is lost: these logs are for people, what counts is in the stores.
    """
    turned = []
    for log in sorted(folder.glob("*.log")):
        if log.stat().st_size <= largest:
            continue
        for number in range(kept - 1, 0, -1):
            with suppress(FileNotFoundError):
                Path(f"{log}.{number}").replace(f"{log}.{number + 1}")
        shutil.copyfile(log, f"{log}.1")
        with log.open("r+b") as emptied:
            emptied.truncate(0)
        turned.append(log)
    return turned


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for a message to whoever has to look into it."""
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return "(it wrote nothing)"
