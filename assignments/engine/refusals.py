"""What the engine refuses to plan with, and the path that leads to it."""

Path = tuple[str | int, ...]


class FactsError(ValueError):
    """A value the engine cannot plan with; `path` leads to it, from the collection's name down."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path: Path = path


class FloorPlanError(FactsError):
    """A floor plan that contradicts itself."""
