"""Posts one delivery and says what came of it. The answer's text is never read."""

from dataclasses import dataclass
from datetime import datetime

import requests
from urllib3.exceptions import HTTPError

from bookings.models import WebhookDelivery
from bookings.webhooks.addresses import TIMEOUT, AddressError, GuardedAdapter, check_url
from bookings.webhooks.body import body_of
from bookings.webhooks.signing import signed_headers


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """`answer` is the HTTP status, if there was one; `error` says in a word why it was not taken."""

    answer: int | None = None
    error: str = ""

    @property
    def reached(self) -> bool:
        return self.answer is not None

    @property
    def taken(self) -> bool:
        return self.answer is not None and 200 <= self.answer <= 299

    @property
    def gone(self) -> bool:
        """Whether the receiver says that it wants no more, ever."""
        return self.answer == 410


def post(delivery: WebhookDelivery, *, at: datetime) -> Outcome:
    """One try. Redirects are not followed: they could lead where the address itself may not."""
    body = body_of(delivery)
    headers = {
        "content-type": "application/json",
        "user-agent": "table-assignment-webhooks/1",
        "connection": "close",
        **signed_headers(salt=delivery.endpoint.salt, uid=str(delivery.uid), body=body, at=at),
    }
    try:
        check_url(delivery.endpoint.url)
        answer = _send(delivery.endpoint.url, body, headers)
    except (AddressError, requests.RequestException, HTTPError) as error:
        return Outcome(error=_why(error))
    return Outcome(answer=answer, error="" if 200 <= answer <= 299 else f"answered {answer}")


def _send(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer."""
    with requests.Session() as session:
        # No proxy and no password from the environment.
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, GuardedAdapter())
        with session.post(
            url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code


def _why(error: Exception) -> str:
    """Words of our own: the library's message quotes addresses."""
    if isinstance(error, AddressError) or "private address" in str(error):
        return "the address leads into a private network"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    return "no connection"
