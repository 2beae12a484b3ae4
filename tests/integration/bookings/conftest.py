"""A server that takes the mails."""

from collections.abc import Iterator
from typing import Any

import pytest

from config.environment import SMTP_BACKEND
from tests.integration.bookings.postbox import Postbox, open_postbox


@pytest.fixture
def postbox(settings: Any) -> Iterator[Postbox]:
    with open_postbox() as box:
        settings.EMAIL_BACKEND = SMTP_BACKEND
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 5
        settings.DEFAULT_FROM_EMAIL = "Bookings <bookings@restaurants.example>"
        yield box
