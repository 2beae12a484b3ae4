"""The documents in the console: each is there, its links lead somewhere, and nothing else can be read."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.console.help import library, reading
from config.console.help.library import documents, pictures
from config.console.help.reading import read
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db

_LINK = re.compile(r'<a[^>]* href="([^"]+)"')


@pytest.fixture
def reader() -> Client:
    """Somebody with nothing but the right to sign in."""
    client = Client()
    client.force_login(User.objects.create(username="new", is_staff=True))
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_whoever_signs_in_reads_the_map_of_the_documents_and_each_of_them(reader: Client) -> None:
    assert 'href="/help/runbook/"' in page(reader, "/help/")
    assert '<h2 id="alerts">' in page(reader, "/help/runbook/")
    assert "SELECT" in page(reader, "/help/observability-queries.sql/")
    assert {"", "readme", "changelog", "runbook", "api", "adr", "adr/0001-floors"} <= documents().keys()


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    for path in (
        "/help/",
        "/help/runbook/",
        "/help/search/",
        "/help/pictures/screenshots/queue-1440-light.png",
    ):
        assert client.get(path).status_code == 302


def test_a_page_asks_the_database_no_more_than_an_empty_search(sign_in: SignIn) -> None:
    client = sign_in()
    with CaptureQueriesContext(
        connection,
    ) as of_search:
        client.get("/help/search/")
    for slug in ("runbook", "changelog"):
        with CaptureQueriesContext(connection) as of_page:
            client.get(f"/help/{slug}/")
        assert len(of_page) == len(of_search)


@pytest.mark.parametrize(
    "path",
    [
        "/help/nothing/",
        "/help/../config/settings/",
        "/help/..%2f..%2f.env/",
        "/help/docs/runbook.md/",
        "/help/pictures/..%2f..%2fmanage.py",
        "/help/pictures/../../manage.py",
        "/help/pictures/runbook.md",
        "/help/pictures//etc/passwd",
    ],
)
def test_what_is_no_document_and_no_picture_is_not_found(reader: Client, path: str) -> None:
    assert reader.get(path, follow=True).status_code == 404


def test_pictures_come_as_pictures_of_their_size(reader: Client) -> None:
    assert pictures()
    answer = reader.get(reverse("admin:help_picture", args=["screenshots/queue-1440-light.png"]))
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"".join(getattr(answer, "streaming_content", ())).startswith(b"\x89PNG")
    assert 'width="1440" height="900"' in read("handbook-operations").html


def test_links_between_documents_lead_to_pages_and_anchors_that_are_there() -> None:
    addresses = {reverse("admin:help_page", args=[slug]) if slug else "/help/": slug for slug in documents()}
    shown = {reverse("admin:help_picture", args=[name]) for name in pictures()}
    dead, followed = [], 0
    for slug in documents():
        for link in _LINK.findall(read(slug).html):
            target, anchor = urldefrag(link)
            if link.startswith(("http://", "https://", "mailto:")) or target in shown:
                continue
            followed += 1
            there = addresses.get(target) if target else slug
            if there is None or (anchor and f' id="{anchor}"' not in read(there).html):
                dead.append((slug, link))
    assert dead == []
    assert followed > 200


def test_a_document_is_rendered_anew_once_its_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "note.md"
    file.write_text("# Before")
    monkeypatch.setattr(reading, "ROOT", tmp_path)
    monkeypatch.setattr(reading, "documents", lambda: {"note": "note.md"})
    first = read("note")
    assert (first.title, read("note") is first) == ("Before", True)
    file.write_text("# After, with more")
    assert read("note").title == "After, with more"


def test_the_search_finds_sections_by_all_words_with_headings_first(reader: Client) -> None:
    found = page(reader, "/help/search/?q=LOCK+contention")
    first = re.search(r'<tbody>\s*<tr><th scope="row"><a href="([^"]+)">', found)
    assert first is not None
    assert "contention" in first[1]
    assert "No section has" in page(reader, "/help/search/?q=nobodywritesthis")
    assert "What are you looking for?" in page(reader, "/help/search/?q=+")
    assert "&lt;script&gt;" in page(reader, "/help/search/?q=<script>")


def test_the_rail_leads_there(reader: Client) -> None:
    assert 'href="/help/"' in page(reader, "/")


def test_without_documents_the_console_still_works(
    reader: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """An installation may leave them out; asking for one is then an address that is not there."""
    monkeypatch.setattr(reading, "documents", dict)
    assert reader.get("/help/").status_code == 404
    assert reader.get("/").status_code == 200
    assert library.documents()
