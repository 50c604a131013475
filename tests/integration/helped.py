"""A process that has another help it, says which, and works until it is killed."""

from __future__ import annotations

import multiprocessing
import time

from chassis.rebuild.processes import Helpers


def main() -> None:
    """Start a helper and print its number."""
    with Helpers(1):
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
