"""Guests who cannot be mistaken for real ones: names from short lists, mail at example.org, drama numbers.

example.org is reserved by RFC 2606; +44 7700 900000 to 900999 is reserved for drama by Ofcom.
"""

from dataclasses import dataclass
from random import Random
from unicodedata import normalize

# fmt: off
FIRST_NAMES = (
    "Ada", "Amélie", "Andreas", "Anouk", "Ben", "Björn", "Chloé", "Dimitra", "Eleni", "Elif", "Emma",
    "Farid", "Freya", "Giulia", "Hannah", "Idris", "Inès", "Jonas", "Katerina", "Lars", "Léa", "Luca",
    "Maria", "Mehmet", "Nadia", "Nikos", "Noor", "Olivia", "Omar", "Pauline", "Priya", "Rosa", "Samir",
    "Sofia", "Søren", "Tess", "Thomas", "Wei", "Yara", "Zoë",
)

LAST_NAMES = (
    "Abbott", "Almeida", "Baker", "Bauer", "Claes", "Costa", "Dubois", "Dupont", "Eriksen", "Fischer",
    "Georgiou", "Haddad", "Hughes", "Ivanov", "Janssens", "Kaya", "Keller", "Lambert", "Lindqvist",
    "Maes", "Martens", "Moreau", "Müller", "Murphy", "Nguyen", "Okafor", "Papadakis", "Patel",
    "Peeters", "Petrov", "Rossi", "Schmidt", "Silva", "Singh", "Taylor", "Vassiliou", "Vermeulen",
    "Walsh", "Wouters", "Zhang",
)
# fmt: on

NOTES = (
    "Birthday, please bring a candle with dessert.",
    "One guest is vegetarian.",
    "Nut allergy at the table.",
    "Gluten-free bread if possible.",
    "We may be ten minutes late.",
    "Coming straight from the theatre, need to leave on time.",
    "Anniversary dinner.",
    "Pushchair to store near the door.",
    "Guide dog with one guest.",
    "Business dinner, separate bills.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    name: str
    email: str
    phone: str


def made_up_guest(rng: Random) -> Guest:
    """A name, a mail address that goes nowhere, a telephone number that rings nowhere."""
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return Guest(
        name=f"{first} {last}",
        email=f"{_ascii(first)}.{_ascii(last)}.{rng.randrange(10_000):04d}@example.org",
        phone=f"+447700900{rng.randrange(1_000):03d}",
    )


def _ascii(name: str) -> str:
    plain = normalize("NFKD", name.replace("ø", "o")).encode("ascii", "ignore")
    return plain.decode().lower()
