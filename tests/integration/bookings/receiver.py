"""A real HTTP receiver on the loopback that answers as a test tells it to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(kw_only=True)
class Receiver:
    """How it answers, and what came. `drip` seconds lie between any two bytes of the answer."""

    url: str = ""
    answer: int = 204
    location: str = ""
    wait: float = 0.0
    drip: float = 0.0
    hang_up: bool = False
    calls: list[Call] = field(default_factory=list)


@contextmanager
def open_receiver() -> Iterator[Receiver]:
    """Listen until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.calls.append(Call(path=self.path, headers=headers, body=body))
            with suppress(OSError):
                _answer(self, receiver)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    if receiver.hang_up:
        handler.connection.close()
        return
    time.sleep(receiver.wait)
    lines = [f"HTTP/1.1 {receiver.answer} told", "content-length: 0"]
    if receiver.location:
        lines.append(f"location: {receiver.location}")
    for sign in "\r\n".join([*lines, "", ""]).encode():
        handler.wfile.write(bytes([sign]))
        handler.wfile.flush()
        time.sleep(receiver.drip)
