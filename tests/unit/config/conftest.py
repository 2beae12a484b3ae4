"""Loads the real settings file under an environment of the test's own."""

import os
import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.variables import VARIABLES

PROJECT = Path(__file__).resolve().parents[3]

Load = Callable[..., dict[str, Any]]

#: A production environment with nothing left out.
COMPLETE = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "kJ3-vX9_" * 8,
    "DATABASE_URL": "postgres://console:p%40ss@db.restaurants.example:5433/table_assignment",
    "REDIS_URL": "redis://redis.restaurants.example:6379/0",
    "EMAIL_URL": "smtp+tls://mailer:s%3Acret@mail.restaurants.example:587",
    "DEFAULT_FROM_EMAIL": "Bookings <bookings@restaurants.example>",
    "ALLOWED_HOSTS": "console.restaurants.example",
}


@pytest.fixture(autouse=True)
def clean_environment() -> Iterator[None]:
    """No variable of the project is set; what the test and its .env set is gone afterwards."""
    before = dict(os.environ)
    for name in VARIABLES:
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the project's settings file and room for a .env of its own."""
    (tmp_path / "config").mkdir()
    shutil.copy(PROJECT / "config" / "settings.py", tmp_path / "config")
    return tmp_path


@pytest.fixture
def load(clone: Path) -> Load:
    """The settings under these variables, as a dictionary."""

    def run(**variables: str) -> dict[str, Any]:
        os.environ.update(variables)
        return runpy.run_path(str(clone / "config" / "settings.py"))

    return run
