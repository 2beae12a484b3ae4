"""No table to be had: the problem answer, with the alternatives there are."""

from collections.abc import Iterator
from contextlib import contextmanager

from bookings.api.answers import AlternativeAnswer, stay_answer
from bookings.api.problems import Kind, problem
from bookings.models import Restaurant
from bookings.seating import NoSeatingError


@contextmanager
def offering_alternatives(restaurant: Restaurant) -> Iterator[None]:
    """Turn NoSeatingError into a problem that tells what can be had instead."""
    try:
        yield
    except NoSeatingError as error:
        zones = dict(restaurant.zones.values_list("pk", "name"))
        offers = [
            {
                **stay_answer(offer.wish, restaurant, zones.get(offer.wish.zone_id or 0)),
                "kind": offer.kind,
                "sentence": offer.sentence,
            }
            for offer in error.alternatives
        ]
        shown = AlternativeAnswer(offers, many=True).data
        raise problem(Kind.NO_SEATING, error.sentence, alternatives=shown) from error
