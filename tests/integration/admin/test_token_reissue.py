"""A channel's token is issued anew (docs/secrets.md): two for a while, then the old one is closed."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connections

from bookings.models import ChannelToken
from tests.factories import serving_restaurant
from tests.integration.admin.addresses import add_to, list_of, page_of
from tests.integration.admin.conftest import logged_in
from tests.integration.admin.test_channel_tokens import form, shown_secret
from tests.integration.bookings.api.conftest import Caller, issue

OTHERS = 2


class Webs:
    """Web processes besides this one, each of which goes on living between two requests."""

    def __init__(self, ends: list[Connection]) -> None:
        self._ends = ends

    def ask(self, secret: str) -> set[int]:
        """The status each of them answers who comes with this token."""
        for end in self._ends:
            end.send(secret)
        assert all(end.poll(60) for end in self._ends), "a process does not answer"
        return {end.recv() for end in self._ends}


@contextmanager
def web_processes() -> Iterator[Webs]:
    connections.close_all()
    caches.close_all()
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in range(OTHERS)]
    children = [context.Process(target=_serve, args=(there,), daemon=True) for _, there in pipes]
    for child in children:
        child.start()
    try:
        yield Webs([here for here, _ in pipes])
    finally:
        for child in children:
            child.kill()
            child.join(5)


def _serve(end: Connection) -> None:
    connections.close_all()
    while True:
        end.send(Caller(secret=end.recv()).get("bookings").status_code)


@pytest.mark.usefixtures("committed_db")
def test_a_new_token_works_beside_the_old_until_that_is_revoked_and_refused_at_once_everywhere() -> None:
    house = serving_restaurant(2)
    old = issue(house)
    admin = logged_in(User.objects.create_superuser("administrator"))
    with web_processes() as webs:
        assert webs.ask(old.secret) == {200}

        made = admin.post(add_to(ChannelToken), form(label="web shop, March", restaurants=[house.pk]))
        new = shown_secret(made)
        assert made.content.decode().count(new) == 1
        assert (webs.ask(new), webs.ask(old.secret)) == ({200}, {200})
        token = ChannelToken.objects.exclude(pk=old.token.pk).get()
        for address in (list_of(ChannelToken), page_of(token), add_to(ChannelToken)):
            assert new.rpartition("_")[2] not in admin.get(address).content.decode()

        chosen = {"action": "revoke", "_selected_action": [old.token.pk], "sure": "yes"}
        admin.post(list_of(ChannelToken), chosen)
        assert (webs.ask(old.secret), webs.ask(new)) == ({401}, {200})
        admin.post(page_of(old.token), form(restaurants=[house.pk], revoked_at_0="", revoked_at_1=""))
        assert webs.ask(old.secret) == {401}
    listed = admin.get(list_of(ChannelToken)).content.decode()
    assert old.token.prefix in listed
    assert "Revoked" in listed
