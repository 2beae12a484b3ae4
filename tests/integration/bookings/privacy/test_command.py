"""`manage.py guest_data`: shows, exports, erases, and refuses with the way out."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.integration.bookings.privacy.planted import EMAIL, planted_in_tables


@pytest.mark.usefixtures("booking", "actor")
def test_the_command_shows_exports_and_erases() -> None:
    shown, exported, erased, again = (StringIO() for _ in range(4))
    asked = ("--email", EMAIL, "--also-coming")
    call_command("guest_data", "show", *asked, stdout=shown)
    assert "would erase bookings: 1" in shown.getvalue()
    call_command("guest_data", "export", *asked, "--by", "eraser", stdout=exported)
    assert json.loads(exported.getvalue())["bookings"]
    call_command("guest_data", "erase", *asked, "--by", "eraser", stdout=erased)
    assert "recorded as guest erasure" in erased.getvalue()
    assert "bookings.guest_name" not in planted_in_tables()
    call_command("guest_data", "show", *asked, stdout=again)
    assert "erased before" in again.getvalue()


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (["erase", "--email", EMAIL], "--by"),
        (["show"], "Name the guest"),
        (["erase", "--email", "nobody@example.org", "--by", "eraser"], "Nothing here"),
    ],
)
@pytest.mark.usefixtures("actor")
def test_the_command_refuses_with_the_way_out(asked: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why) as refused:
        call_command("guest_data", *asked)
    assert refused.value.returncode == 2
