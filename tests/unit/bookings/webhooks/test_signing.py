"""Signatures: those of the standard, by its own example."""

import base64

from bookings.webhooks.signing import new_salt, secret_of
from observability.standard_webhooks import signature


def test_a_signature_is_that_of_the_standards_example() -> None:
    told = signature(
        key=base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        uid="msg_p5jXN8AQM9LWM0D4loKWxJek",
        seconds="1614265330",
        body=b'{"test": 2432232314}',
    )
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_has_32_bytes_and_is_the_same_each_time() -> None:
    salt = new_salt()
    secret = secret_of(salt)
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret_of(salt) == secret != secret_of(new_salt())
