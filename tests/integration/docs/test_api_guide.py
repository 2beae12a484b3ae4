"""The examples of docs/api.md, run as they stand against a running server.

By the machine's curl; where there is none by a stand-in of that name (`tests.curl`), so that the guide is
proven everywhere. Whether the stand-in does as curl does is proven by the examples as well.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bookings.models import Booking
from tests.factories import serving_restaurant
from tests.integration.bookings.api.conftest import issue
from tests.integration.bookings.api.wishes import tomorrow_at

PROJECT = Path(__file__).parents[3]
GUIDE = PROJECT / "docs" / "api.md"
STAND_IN = f'#!/bin/sh\nexec "{sys.executable}" "{PROJECT / "tests" / "curl.py"}" "$@"\n'
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def token(committed_db: None) -> str:
    return issue(serving_restaurant(2, 4, 6, slug="anchor", name="Anchor")).secret


def examples() -> Iterator[tuple[str, str, Any]]:
    """Language and text of each example, with the JSON answer that the guide shows after it."""
    blocks = BLOCK.findall(GUIDE.read_text())
    for (language, text), (following, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language in {"sh", "python"}:
            yield language, text, json.loads(shown) if following == "json" else None


@pytest.fixture
def stand_in(tmp_path: Path) -> str:
    """A folder ahead of the PATH whose `curl` is ours."""
    program = tmp_path / "curl"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def path(stand_in: str) -> str:
    """The PATH of the examples."""
    return os.environ["PATH"] if shutil.which("curl") else stand_in


def run(language: str, text: str, *, server: str, token: str, path: str) -> str:
    """Standard output of an example, its sample values replaced by real ones."""
    booking = Booking.objects.order_by("pk").first()
    real = {
        "http://127.0.0.1:8000": server,
        "2027-03-05": f"{tomorrow_at():%Y-%m-%d}",
        "B-7KQ4M2": booking.reference if booking else "B-7KQ4M2",
    }
    for sample, value in real.items():
        text = text.replace(sample, value)
    command = ["bash", "-euc", text] if language == "sh" else [sys.executable, "-c", text]
    done = subprocess.run(
        command, env={**os.environ, "PATH": path, "TOKEN": token}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_does_what_the_guide_says(live_server: Any, token: str, path: str) -> None:
    for language, text, shown in examples():
        output = run(language, text, server=live_server.url, token=token, path=path)
        if language == "sh":
            answer = json.loads(output)
            assert ("errors" in answer) == (shown is not None and "errors" in shown), (text, answer)
            if shown is not None:
                assert list(answer) == list(shown)
    assert Booking.objects.get(party_size=4).status == "cancelled"
    assert re.match(r"B-\w{6} \S+T20:00:00\S+\n2\n", output)


def test_the_guide_shows_the_problem_as_it_is(live_server: Any, token: str, stand_in: str) -> None:
    *_, (language, text, shown) = [example for example in examples() if example[2] and "errors" in example[2]]
    assert json.loads(run(language, text, server=live_server.url, token=token, path=stand_in)) == shown


def test_the_stand_in_asks_as_the_examples_do(live_server: Any, token: str, stand_in: str) -> None:
    answers = [
        json.loads(run(language, text, server=live_server.url, token=token, path=stand_in))
        for language, text, _ in examples()
        if language == "sh"
    ]
    assert "reference" in answers[0]
    assert Booking.objects.get().status == "cancelled"
