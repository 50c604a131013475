"""Who runs PostgreSQL: we do, unless we are root, whom PostgreSQL refuses to serve."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from pathlib import Path

from embedded.processes import Account


def account_for(folder: Path, *, programs: Path) -> Account | None:
    """The account for a server that keeps its data in `folder` and runs programs from `programs`; None if it is ours.

    As root it is the account that already owns the folder's data or, the first time, `postgres` or else `nobody`. The
    folder is given to it, and the folders on the way get the permission to pass through (not to look), which is said.
    """
    if os.geteuid() != 0:
        return None
    owner = folder.stat()
    if owner.st_uid == 0:
        entry = _somebody()
        account = Account(entry.pw_uid, entry.pw_gid)
        os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)
    else:
        account = Account(owner.st_uid, owner.st_gid)
    for target in (folder, programs):
        _let_through(target.resolve().parent)
    return account


def _somebody() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody")


def _let_through(folder: Path) -> None:
    for place in (folder, *folder.parents):
        mode = stat.S_IMODE(place.stat().st_mode)
        if not mode & stat.S_IXOTH:
            sys.stderr.write(f"PostgreSQL cannot run as root; its account is given passage through {place}\n")
            place.chmod(mode | stat.S_IXOTH)
