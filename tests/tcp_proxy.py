"""A TCP proxy before a server, whose line can be made slow, cut, or silent while it is in use."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Self

from django.conf import settings
from django.test.utils import override_settings
from redis.connection import parse_url

from assignments.protection.redis_access import end_pause

HOST = "127.0.0.1"


class Line(StrEnum):
    """What the line does to every chunk of bytes: RESET cuts the connection, SILENT swallows it."""

    GOOD = "good"
    SLOW = "slow"
    RESET = "reset"
    SILENT = "silent"


class TcpProxy:
    """Accepts connections on a port of its own and passes them on to `target`, as `line` says.

    `target` is host and port, or the path of a socket. A slow line takes `delay` seconds each way.
    Runs in a thread of this process, so that forked processes can use it as well.
    """

    def __init__(self, target: tuple[str, int] | str, *, delay: float = 0.5) -> None:
        self.line = Line.GOOD
        self.delay = delay
        self.port = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(_end_all())
        self._loop.close()

    async def _serve(self, guest: asyncio.StreamReader, to_guest: asyncio.StreamWriter) -> None:
        server, to_server = await self._connect()
        ways = asyncio.gather(self._pump(guest, to_server), self._pump(server, to_guest))
        try:
            with suppress(OSError):
                await ways
        finally:
            ways.cancel()
            _cut(to_guest)
            to_server.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, str):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            if self.line is Line.RESET:
                raise ConnectionResetError
            if self.line is Line.SILENT:
                continue
            if self.line is Line.SLOW:
                await asyncio.sleep(self.delay)
            sink.write(chunk)
            await sink.drain()
        raise ConnectionResetError  # one side has gone: so does the other


async def _end_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _cut(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of a farewell."""
    peer = writer.get_extra_info("socket")
    with suppress(OSError):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def redis_through_proxy(*, delay: float = 0.5) -> Iterator[TcpProxy]:
    """Have this process, and those it forks, ask the configured Redis through a proxy."""
    configured = settings.CACHES["default"]
    address = parse_url(configured["LOCATION"])  # type: ignore[no-untyped-call]
    target = address.get("path") or (str(address["host"]), int(address.get("port", 6379)))
    with TcpProxy(target, delay=delay) as proxy:
        behind = {
            **configured,
            "LOCATION": f"redis://{HOST}:{proxy.port}/{address.get('db', 0)}",
        }
        with override_settings(
            CACHES={"default": behind}, DJANGO_REDIS_CONNECTION_FACTORY="django_redis.pool.ConnectionFactory"
        ):
            end_pause()
            yield proxy
        end_pause()
