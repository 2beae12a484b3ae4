"""A real SMTP server on the loopback that answers as a test tells it to."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TAKEN = "250 taken"


@dataclass(kw_only=True)
class Postbox:
    """What a server answers to the sender, the guest's address and the text, and what it took.

    `hang_up` is where it breaks the line: at the "sender", the "recipient", the "text" (before it takes
    it), or once the text is "accepted" (after it took it, before it says so).
    """

    port: int
    sender: str = "250 ok"
    recipient: str = "250 ok"
    data: str = TAKEN
    hang_up: Literal["", "sender", "recipient", "text", "accepted"] = ""
    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str | None, list[str]]] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.hang_up == "sender":
            _break(server)
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.hang_up == "recipient":
            _break(server)
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hang_up == "text":
            _break(server)
            return TAKEN
        if self.data == TAKEN:
            assert isinstance(envelope.content, bytes)
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.hang_up == "accepted":
            _break(server)
        return self.data


def _break(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def open_postbox() -> Iterator[Postbox]:
    """Listen until the block ends."""
    postbox = Postbox(port=free_port())
    controller = Controller(postbox, hostname="127.0.0.1", port=postbox.port)
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()
