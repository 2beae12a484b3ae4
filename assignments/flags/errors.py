"""Why a change of a flag is refused. None of these is worth a retry with the same values."""


class FlagError(ValueError):
    """A change that is refused; the message names the value and the way out."""


class PinnedError(FlagError):
    """The flag is pinned by an environment variable."""


class BadValueError(FlagError):
    """A value no flag can have."""
