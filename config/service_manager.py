"""Tells systemd that a service is ready and alive (its sd_notify protocol: datagrams to a socket)."""

import os
import socket
from contextlib import suppress

READY = "READY=1"
ALIVE = "WATCHDOG=1"


def tell(state: str) -> None:
    """Send `state` to the service manager; where there is none, or it does not listen, nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.settimeout(0)
        out.sendto(state.encode(), address)
