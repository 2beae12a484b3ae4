"""Folders only this user can tamper with. Rights of folders above them are never touched."""

import os
import pwd
import stat
from pathlib import Path

from config.local.errors import failure


def own_folder(path: Path, *, mode: int) -> Path:
    """Makes ``path``, or checks that it is this user's, and sets its rights."""
    path.mkdir(exist_ok=True)
    _refuse_foreign(path)
    path.chmod(mode)  # whatever the umask
    return path


def make_runtime(path: Path) -> Path:
    """Makes the folder of the sockets' folders. Root's lets the account of its PostgreSQL pass through."""
    return own_folder(path, mode=0o711 if os.geteuid() == 0 else 0o700)


def make_data_root(path: Path) -> None:
    """Makes the data folder, or checks that it is this user's; raises LocalServiceError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failure(
            what=f"The folder {path} for the local servers' data cannot be made: {error.strerror}",
            way_out="Give yourself the right to write there, or name another folder in LOCAL_DATA_DIR.",
        ) from error
    _refuse_foreign(path)


def _refuse_foreign(path: Path) -> None:
    found = path.lstat()  # a link another user put there is foreign too
    if not stat.S_ISDIR(found.st_mode):
        raise failure(what=f"{path} is in the way: it is not a folder", way_out="Remove it, then try again.")
    if found.st_uid != os.geteuid():
        owner = _name(found.st_uid)
        raise failure(
            what=f"{path} belongs to user {owner}, and this process runs as {_name(os.geteuid())}",
            way_out=f"Run as {owner}, or stop the servers as {owner} and remove the folder.",
        )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
