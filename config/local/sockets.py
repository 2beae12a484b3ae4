"""Connection tests at unix sockets."""

import socket
from pathlib import Path


def listens(path: Path, *, patience: float = 2.0) -> bool:
    """Whether a process listens at this socket; a busy one does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(patience)
        try:
            client.connect(str(path))
        except (TimeoutError, BlockingIOError):  # its queue is full
            return True
        except OSError:
            return False
    return True


def ask(path: Path, question: bytes, *, patience: float = 1.0) -> bytes | None:
    """The first part of a server's answer; None if nobody listens, empty if it says nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(patience)
        try:
            client.connect(str(path))
        except OSError:
            return None
        try:
            client.sendall(question)
            return client.recv(128)
        except OSError:
            return b""
