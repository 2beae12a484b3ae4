"""deploy/manage.sh: a command by hand has the settings of the service it stands for."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy/manage.sh"
ETC = "/etc/table-assignment"


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    """The script, reading its settings below `tmp_path`; what it would run tells its settings instead."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "production.env").write_text("DATABASE_URL=postgres://nobody@db/console\nLOG_LEVEL=ERROR\n")
    (etc / "web.env").write_text("DATABASE_URL=postgres://console_web@db/console\n")
    tells = tmp_path / "setpriv"
    tells.write_text('#!/bin/sh\necho "$DATABASE_URL $LOG_LEVEL"\necho "$*"\necho "$DEFAULT_FROM_EMAIL"\n')
    tells.chmod(0o755)
    script = tmp_path / "deploy" / "manage.sh"
    script.parent.mkdir()
    script.write_text(SCRIPT.read_text().replace(ETC, str(etc)))
    return script


def told(script: Path, *arguments: str, **environment: str) -> list[str]:
    path = {"PATH": f"{script.parents[1]}:/usr/bin:/bin"}
    ended = subprocess.run(
        ["/bin/sh", script, *arguments], env=path | environment, capture_output=True, text=True, check=True
    )
    return ended.stdout.splitlines()


def test_it_has_the_settings_and_the_account_of_the_service(by_hand: Path) -> None:
    settings, command, _ = told(by_hand, "web", "audit", "--json")
    assert settings == "postgres://console_web@db/console ERROR"
    assert command.startswith("--reuid=table-assignment-web --regid=table-assignment-web ")
    assert command.endswith("manage.py audit --json")


def test_a_database_that_is_named_goes_before_the_one_in_the_file(by_hand: Path) -> None:
    settings, *_ = told(by_hand, "web", "audit", DATABASE_URL="postgres://console@db/restored")
    assert settings == "postgres://console@db/restored ERROR"


def test_settings_are_what_systemd_reads_and_not_what_a_shell_makes_of_them(
    by_hand: Path, tmp_path: Path
) -> None:
    address = "postgres://console_web:a$b`c@db/console?sslmode=require&connect_timeout=5;#"
    sender = "Bookings <bookings@restaurants.example>"
    (tmp_path / "etc" / "web.env").write_text(
        f'# a comment\n; another\n\nDEFAULT_FROM_EMAIL="{sender}"\nDATABASE_URL={address}'
    )
    settings, _, told_sender = told(by_hand, "web", "audit")
    assert settings == f"{address} ERROR"
    assert told_sender == sender


def test_an_unknown_service_is_refused_with_what_there_is(by_hand: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        told(by_hand, "mail", "audit")
    assert refused.value.returncode == 2
    assert "web|worker|owner" in refused.value.stderr
