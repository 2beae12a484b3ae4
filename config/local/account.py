"""Which user PostgreSQL runs as: it refuses root, because a fault in it would be a fault in root.

Root lends it an existing unprivileged account, and only if that account cannot reach the clone
(say, under /root) the capability to read past folders' rights. No folder's rights are widened for it.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.local.errors import LocalServiceError, failure
from config.local.spawn import clean_environment

# Debian's PostgreSQL package makes the first; every system has the second.
UNPRIVILEGED = ("postgres", "nobody")
# Containers often have only the second, which would also let the server write past rights.
CAPABILITIES = ("dac_read_search", "dac_override")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A user, and the words to put before a command to run it as that user."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()


def login_name() -> str:
    """The name of the user of this process; raises LocalServiceError if it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise failure(
            what=f"User {os.geteuid()} has no name on this system, and PostgreSQL needs one",
            way_out="Name it in /etc/passwd, run as another user, or set DATABASE_URL.",
        ) from None


def server_account(*, program: Path, data_root: Path, data_folder: Path) -> Account:
    """The user that is to run ``program`` on ``data_folder``; raises LocalServiceError if none can."""
    login_name()
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid())
    user = _owner(data_folder) or _first_unprivileged()
    switch = _switch_to(user)
    for capability in ("", *CAPABILITIES):
        prefix = (*switch, *_with_capability(capability))
        obstacle = _obstacle(prefix, program, data_root)
        if obstacle is None:
            return Account(uid=user.pw_uid, gid=user.pw_gid, prefix=prefix)
    raise failure(
        what="PostgreSQL does not run as root, "
        f"and user {user.pw_name} cannot reach both {data_root} and {program} ({obstacle})",
        way_out="Move the clone where others may enter, run as an ordinary user, or set DATABASE_URL.",
    )


def _owner(data_folder: Path) -> pwd.struct_passwd | None:
    """Who made the data: they stay theirs although a better account may have appeared since."""
    try:
        uid = data_folder.stat().st_uid
        return pwd.getpwuid(uid) if uid else None
    except (FileNotFoundError, KeyError):
        return None


def _first_unprivileged() -> pwd.struct_passwd:
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise _no_account(why=f"no user {' or '.join(UNPRIVILEGED)} exists")


def _switch_to(user: pwd.struct_passwd) -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise _no_account(why="the program setpriv (package util-linux) is missing")
    return (setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")


def _no_account(*, why: str) -> LocalServiceError:
    return failure(
        what=f"PostgreSQL does not run as root, and {why}",
        way_out="Run as an ordinary user, or set DATABASE_URL.",
    )


def _with_capability(name: str) -> tuple[str, ...]:
    return (f"--inh-caps=-all,+{name}", f"--ambient-caps=-all,+{name}") if name else ()


def _obstacle(prefix: tuple[str, ...], program: Path, folder: Path) -> str | None:
    """What keeps the user from both. Tried, as rights, access lists and mount options all have a say."""
    attempt = (*prefix, "/bin/sh", "-c", 'cd "$1" && exec "$2" --version', "sh", str(folder), str(program))
    done = subprocess.run(  # noqa: S603
        attempt, env=clean_environment(), cwd="/", capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else done.stderr.strip()
