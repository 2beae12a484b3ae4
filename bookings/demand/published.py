"""The published aggregates that demand is calibrated on, as data.

Source: what reservation platforms publish about their bookings, over all restaurants. Percentages there need
not add up to 100 (the hours: 94.6, the rest are outside lunch and dinner); they are used as weights. What no
aggregate covers is marked "assumed".
"""

from dataclasses import dataclass
from math import exp, log

# Party size in percent of bookings. 9-12 and 13+ are published as bands (4.2 and 4.6); how they divide, even
# sizes before odd ones and none above 24, is assumed.
PARTY_SIZES: dict[int, float] = {
    1: 1.6,
    2: 42.7,
    3: 16.7,
    4: 13.6,
    5: 6.3,
    6: 4.9,
    7: 2.7,
    8: 2.7,
    9: 1.1,
    10: 1.6,
    11: 0.5,
    12: 1.0,
    13: 0.7,
    14: 1.0,
    15: 0.8,
    16: 0.7,
    18: 0.5,
    20: 0.5,
    22: 0.2,
    24: 0.2,
}

# Percent of bookings that start in the local hour. Lunch is published as a whole (8.2); hours: assumed.
START_HOURS: dict[int, float] = {
    12: 3.7,
    13: 3.3,
    14: 1.2,
    17: 9.5,
    18: 27.2,
    19: 24.4,
    20: 14.4,
    21: 7.7,
    22: 3.2,
}

# Assumed: guests like the full and the half hour.
START_MINUTES: dict[int, float] = {0: 40.0, 15: 15.0, 30: 30.0, 45: 15.0}

# Friday and Saturday are double; Monday is 0.
WEEKDAYS: dict[int, float] = {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0, 4: 2.0, 5: 2.0, 6: 1.0}

# Within the published 10-20, 5-15 and about 10 percent.
CANCELLATIONS = 0.15
NO_SHOWS = 0.08
CHANGES = 0.10

# Assumed.
ZONE_WISHES = 0.08
ATTRIBUTE_WISHES = 0.08
NOTES = 0.12
LARGE_PARTIES_THAT_CALL = 0.25  # of those the web refuses with a hint to call; the others go elsewhere
CHANNELS: dict[str, float] = {"web": 62.0, "phone": 28.0, "partner": 10.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadTimes:
    """How long before the start parties up to `max_party` book: shares booked within so many hours."""

    max_party: int
    shares: tuple[tuple[float, float], ...]

    def hours(self, share: float) -> float:
        """Lead time not exceeded by `share` (0 to 1) of the parties; the log of time is interpolated."""
        knots = zip(self.shares, self.shares[1:], strict=False)
        (low, short), (high, long) = next(pair for pair in knots if share <= pair[1][0])
        return exp(log(short) + (share - low) / (high - low) * (log(long) - log(short)))


# Published: medians 1 day (1-2), 2 days (3-4), 3.9 days (5-8), 8 days (9+); over all bookings a quarter under
# 5 h, the median 48 h, a tenth over 14 days. The shares at 5 h, 48 h and 336 h are chosen so that the bands,
# weighted by party size, add up to those three. The ends, half an hour and two to four months, are assumed.
LEAD_TIMES = (
    LeadTimes(max_party=2, shares=((0, 0.5), (0.34, 5), (0.5, 24), (0.6, 48), (0.96, 336), (1, 1440))),
    LeadTimes(max_party=4, shares=((0, 0.5), (0.23, 5), (0.5, 48), (0.92, 336), (1, 2160))),
    LeadTimes(max_party=8, shares=((0, 0.5), (0.14, 5), (0.355, 48), (0.5, 93.6), (0.84, 336), (1, 2880))),
    LeadTimes(max_party=99, shares=((0, 0.5), (0.08, 5), (0.27, 48), (0.5, 192), (0.64, 336), (1, 2880))),
)


def lead_times_of(party_size: int) -> LeadTimes:
    return next(band for band in LEAD_TIMES if party_size <= band.max_party)
