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
