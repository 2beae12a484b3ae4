"""docs/deployment.md names files, commands and variables that exist."""

import re
from pathlib import Path

from django.core.management import get_commands

from config.variables import VARIABLES

PROJECT = Path(__file__).resolve().parents[3]
PAGE = PROJECT / "docs" / "deployment.md"
#: Written like variables of the project, but read by others or inside Django's settings.
FOREIGN = re.compile(r"PG|POSTGRES_|CONN_MAX_AGE|BACKUP_")


def test_files_that_are_linked_or_named_exist() -> None:
    text = PAGE.read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert links
    assert all((PAGE.parent / link).exists() for link in links)
    named = re.findall(r"\b(?:deploy|tests|requirements)/[\w./*-]*\w", text)
    assert all(list(PROJECT.glob(name)) for name in named), named


def test_commands_and_targets_that_are_named_exist() -> None:
    text = PAGE.read_text()
    assert set(re.findall(r"manage\.py (\w+)", text)) <= set(get_commands())
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets


def test_variables_that_are_named_are_declared() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", PAGE.read_text()))
    assert "DATABASE_POOLER" in named
    assert {name for name in named if not FOREIGN.match(name)} <= set(VARIABLES)


def test_the_steps_make_what_the_units_ask_for() -> None:
    steps = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    units = "".join(unit.read_text() for unit in (PROJECT / "deploy/systemd").glob("*.service"))
    accounts = re.findall(r"^(?:User|Group)=(.+)$", units, re.MULTILINE)
    made = re.findall(r"^for account in (.+); do\n +useradd --system --user-group", steps, re.MULTILINE)
    assert accounts
    assert set(accounts) <= set(made[0].split())
    (folder,) = set(re.findall(r"^WorkingDirectory=(.+)$", units, re.MULTILINE))
    assert re.search(rf"^ln -s {folder}-\S+ {folder}$", steps, re.MULTILINE), "the link to the first release"
    assert re.search(rf"^ln -sfn {folder}-\S+ {folder}$", steps, re.MULTILINE), "the link to the next one"
    (own,) = re.findall(r"for account in (.+); do install .*/\$account\.env; done", steps)
    files = set(re.findall(r"^EnvironmentFile=/etc/table-assignment/(.+)$", units, re.MULTILINE))
    assert files == {"production.env"} | {f"{name}.env" for name in own.split()}
