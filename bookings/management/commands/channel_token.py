"""``manage.py channel_token``: makes a token for a channel and prints it, once."""

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bookings.api import tokens
from bookings.models import ChannelToken, Restaurant, TokenRight

LONGEST_DAYS = 3650


class Command(BaseCommand):
    help = "Makes a token for the HTTP API and prints it; it is not kept and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("channel", help="bookings made with it come from this channel")
        parser.add_argument(
            "--restaurant", action="append", dest="restaurants", default=[], metavar="SLUG",
            help="a restaurant it opens; may be given several times",
        )  # fmt: skip
        parser.add_argument("--all-restaurants", action="store_true")
        parser.add_argument(
            "--right", action="append", dest="rights", choices=TokenRight.values,
            help="what it may do; may be given several times (default: read and write)",
        )  # fmt: skip
        parser.add_argument("--days", type=int, default=365, help="how long it is valid (365)")
        parser.add_argument("--label", default="", help="what it is for")

    def handle(
        self,
        *_: Any,
        channel: str,
        restaurants: Sequence[str],
        rights: list[str] | None,
        days: int,
        label: str,
        all_restaurants: bool,
        **__: Any,
    ) -> None:
        if bool(restaurants) == all_restaurants:
            _refuse("name the restaurants with --restaurant, or all with --all-restaurants, and not both")
        if not 1 <= days <= LONGEST_DAYS:
            _refuse(f"{days} days make no sense; give 1 to {LONGEST_DAYS} days")
        token = ChannelToken(
            channel=channel,
            label=label,
            all_restaurants=all_restaurants,
            rights=rights or [TokenRight.READ.value, TokenRight.WRITE.value],
            expires_at=timezone.now() + timedelta(days=days),
        )
        try:
            token.full_clean(exclude=["prefix", "digest"])
        except ValidationError as error:
            _refuse("; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()))
        issued = tokens.issue(token=token, restaurants=[_restaurant(slug) for slug in restaurants])
        self.stderr.write(f"Token {issued.token} until {token.expires_at:%Y-%m-%d}; copy it now:")
        self.stdout.write(issued.secret)


def _restaurant(slug: str) -> Restaurant:
    found = Restaurant.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Restaurant.objects.order_by("slug").values_list("slug", flat=True)[:20])
        _refuse(f"there is no restaurant {slug!r}; known: {known or 'none'}")
    return found


def _refuse(why: str) -> NoReturn:
    raise CommandError(why, returncode=2)
