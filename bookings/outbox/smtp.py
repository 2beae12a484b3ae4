"""SMTP that remembers how far a conversation got: only that tells whether a broken line lost a mail."""

import smtplib
from typing import Any

from django.core.mail.backends import smtp


class SmtpBackend(smtp.EmailBackend):
    """Django's SMTP backend, which can say whether the text of a mail was given to the server."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _WatchedSSL if self.use_ssl else _Watched

    @property
    def handed_over(self) -> bool:
        """Whether the server may have taken a mail: not before it was asked to (DATA)."""
        return getattr(self.connection, "handed_over", False)


class _Watched(smtplib.SMTP):
    handed_over = False

    def data(self, msg: Any) -> Any:
        self.handed_over = True
        return super().data(msg)


class _WatchedSSL(_Watched, smtplib.SMTP_SSL):
    pass
