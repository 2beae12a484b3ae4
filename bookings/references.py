"""Public booking references, such as B-7KQ4M2."""

import secrets

#: No vowels, no 0/O, 1/I: nothing to misread on the phone, no words by accident.
ALPHABET = "23456789BCDFGHJKLMNPQRSTVWXYZ"


def new_reference() -> str:
    """A random reference: 29^6, about 600 million; the column's uniqueness decides collisions."""
    return "B-" + "".join(secrets.choice(ALPHABET) for _ in range(6))
