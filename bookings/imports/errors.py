"""What can be wrong with an import: the whole file, or one row of it."""


class FileError(ValueError):
    """The file as a whole cannot be read or does not fit what was asked; nothing was imported."""


class RowError(ValueError):
    """One row cannot be imported. `field` is what is at fault, empty for the row as such.

    The message names the value only where it is no personal data.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message
