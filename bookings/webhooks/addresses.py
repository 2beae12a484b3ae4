"""Which addresses may be called: public ones over https, so that nobody reaches our own network through us.

The name is resolved when the connection is made, and the connection goes to the very address that was
checked: a name that changes its address in between gains nothing.
"""

import ipaddress
import queue
import socket
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

#: Seconds to look up a name or to connect, and between two bytes of an answer.
TIMEOUT = (3.0, 5.0)

#: Seconds after which a connection is cut whatever it does.
CUT_AFTER = 6.0


class AddressError(ValueError):
    """An address that is not called. The text says why and what would be."""


class _PrivateAddressError(OSError):
    """A name that leads into a private network."""


def check_url(url: str) -> None:
    """Raise AddressError unless the address is one that may be called, as far as it tells by itself."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError(f"{url!r} is no address; write it like https://shop.example/hooks") from None
    schemes = ("https", "http") if settings.WEBHOOKS_MAY_STAY_LOCAL else ("https",)
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise AddressError(f"{url!r} has to begin with {' or '.join(f'{s}://' for s in schemes)} and a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressError("an address with a user, a password or a fragment is not called; leave them out")
    if _is_private_literal(parts.hostname):
        raise AddressError(f"{parts.hostname} is a private address; name one that all can reach")


def _is_private_literal(host: str) -> bool:
    """Whether the host is written as an address that may not be called; a name is looked up later."""
    try:
        return not is_allowed(ipaddress.ip_address(host))
    except ValueError:
        return False


def is_allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is public, or private ones may be called here."""
    if settings.WEBHOOKS_MAY_STAY_LOCAL:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        # An IPv4 address in IPv6 clothes (mapped, 6to4, Teredo, NAT64) is as private as what it wears.
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_allowed(inner)
        # Python calls these global: blocks for other clothes of IPv4, and what was private before fc00::/7.
        if address.is_reserved or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _resolve(host: str, port: int) -> str:
    """One address of the host; refused if any of them is private."""
    found = _look_up(host, port)
    for address in found:
        if not is_allowed(ipaddress.ip_address(address.partition("%")[0])):
            raise _PrivateAddressError(f"{host} leads to a private address")
    return found[0]


def _look_up(host: str, port: int) -> list[str]:
    """The addresses of a name. In a thread, because a name server that is silent blocks for long."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(entry[4][0]) for entry in entries])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=TIMEOUT[0])
    except queue.Empty:
        raise TimeoutError(f"no address of {host} in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


class _Guarded(HTTPConnection):
    """Connects to a checked address only, and not for longer than CUT_AFTER."""

    _cut: "_Cut | None" = None

    def _new_conn(self) -> socket.socket:
        host = self.host.strip("[]")
        port = self.port or self.default_port
        try:
            timeout = self.timeout if isinstance(self.timeout, int | float) else TIMEOUT[0]
            line = socket.create_connection((_resolve(host, port), port), timeout)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, str(error)) from error
        self._cut = _Cut(line)
        return line

    def close(self) -> None:
        super().close()
        if self._cut is not None:
            self._cut.cancel()


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _Cut:
    """Ends a connection from outside after CUT_AFTER: an answer that drips in never times out by itself."""

    def __init__(self, line: socket.socket) -> None:
        # A second handle, because TLS takes over the first.
        self._line = line.dup()
        self._timer = threading.Timer(CUT_AFTER, self._end)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()
        self._line.close()

    def _end(self) -> None:
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class GuardedAdapter(HTTPAdapter):
    """For `requests`: connections that reach public addresses only."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
