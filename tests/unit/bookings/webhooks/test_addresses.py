"""Addresses: public ones over https, and nothing that leads into our own network."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.webhooks.addresses import AddressError, check_url, is_allowed


@pytest.fixture(autouse=True)
def deployed(settings: Any) -> None:
    settings.WEBHOOKS_MAY_STAY_LOCAL = False


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/hooks",
        "https://shop.example:8443/a?b=c",
        "https://1.1.1.1/",
        "https://[2606:4700::1]/",
    ],
)
def test_public_addresses_over_https_may_be_called(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hooks",
        "ftp://shop.example",
        "shop.example",
        "https://",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://user@shop.example/",
        "https://user:secret@shop.example/",
        "https://shop.example/#part",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:0:10.0.0.1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[fec0::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[",
        "",
    ],
)
def test_others_are_refused_with_a_reason(url: str) -> None:
    with pytest.raises(AddressError, match=r"\w"):
        check_url(url)


@given(number=st.integers(0, 2**32 - 1))
def test_an_ipv4_address_in_ipv6_clothes_is_as_private_as_by_itself(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    for clothed in (0xFFFF << 32 | number, 0x0064FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_allowed(ipaddress.IPv6Address(clothed)) == is_allowed(plain)


@given(text=st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            check_url(url)
        except AddressError as error:
            assert str(error)  # noqa: PT017 - either is fine


def test_locally_anything_over_http_may_be_called(settings: Any) -> None:
    settings.WEBHOOKS_MAY_STAY_LOCAL = True
    check_url("http://127.0.0.1:8000/hooks")
